// A reactor's turn, its timers, its sleep, and several reactors in one thread.
#include "core/reactor.hh"

#include "core/metrics.hh"
#include "core/run_queue.hh"
#include "core/timer.hh"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

class function_task final : public task {
 public:
    explicit function_task(std::function<void()> f) : f_(std::move(f)) {}
    void run() noexcept override { f_(); }

 private:
    std::function<void()> f_;
};

struct scripted_poller final : poller {
    std::string name;
    std::vector<std::string>* log = nullptr;
    std::function<bool()> on_poll = [] { return false; };
    int fd = -1;
    bool may_sleep = true;
    duration longest = duration::max();
    int prepared = 0;
    int woken = 0;

    bool poll() noexcept override {
        if (log) log->push_back("poll " + name);
        return on_poll();
    }
    void flush() noexcept override {
        if (log) log->push_back("flush " + name);
    }
    int wakeup_fd() const noexcept override { return fd; }
    bool prepare_sleep() noexcept override {
        ++prepared;
        return may_sleep;
    }
    void woke() noexcept override { ++woken; }
    duration max_sleep() const noexcept override { return longest; }
};

struct in_virtual_time {
    manual_clock clock;
    reactor loop{{.time = &clock}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core_reactor)

BOOST_FIXTURE_TEST_CASE(a_turn_polls_runs_flushes_and_then_expires_timers, in_virtual_time) {
    std::vector<std::string> log;
    scripted_poller lower, upper;
    lower.name = "lower";
    upper.name = "upper";
    lower.log = upper.log = &log;
    function_task work([&] { log.push_back("task"); });
    callback_timer expiry([&] { log.push_back("timer"); });
    {
        reactor::scope here(loop);
        loop.add(lower);
        loop.add(upper);
        schedule(work);
        expiry.arm_after(1us);
    }
    clock.advance(1us);
    BOOST_TEST(loop.turn());
    const std::vector<std::string> expected = {"poll lower",  "poll upper",  "task",
                                               "flush upper", "flush lower", "timer"};
    BOOST_TEST(log == expected, boost::test_tools::per_element());
    BOOST_TEST(!loop.turn());
    loop.remove(lower);
    loop.remove(upper);
}

BOOST_FIXTURE_TEST_CASE(a_turn_with_nothing_to_do_says_so, in_virtual_time) {
    BOOST_TEST(!loop.turn());
    scripted_poller p;
    p.on_poll = [] { return true; };
    loop.add(p);
    BOOST_TEST(loop.turn());
    loop.remove(p);
    BOOST_TEST(loop.counters().turns == 2u);
    BOOST_TEST(loop.counters().busy_turns == 1u);
}

BOOST_FIXTURE_TEST_CASE(tasks_beyond_a_turns_share_wait_for_the_next, in_virtual_time) {
    reactor small({.time = &clock, .tasks_per_turn = 2});
    int ran = 0;
    function_task a([&] { ++ran; }), b([&] { ++ran; }), c([&] { ++ran; });
    {
        reactor::scope here(small);
        for (auto* t : {&a, &b, &c}) schedule(*t);
    }
    BOOST_TEST(small.turn());
    BOOST_TEST(ran == 2);
    BOOST_TEST(!small.idle());
    BOOST_TEST(small.turn());
    BOOST_TEST(ran == 3);
    BOOST_TEST(small.idle());
}

BOOST_FIXTURE_TEST_CASE(a_poller_may_remove_itself_and_others_during_its_poll, in_virtual_time) {
    scripted_poller first, second;
    int polled = 0;
    first.on_poll = [&] {
        loop.remove(first);
        loop.remove(second);
        return true;
    };
    second.on_poll = [&] { return ++polled > 0; };
    loop.add(first);
    loop.add(second);
    loop.turn();
    loop.turn();
    BOOST_TEST(polled == 0);
}

BOOST_FIXTURE_TEST_CASE(time_stands_still_within_a_turn, in_virtual_time) {
    const time_point before = clock.now();
    time_point seen{};
    function_task t([&] {
        clock.advance(1s);
        seen = reactor::current().now();
    });
    {
        reactor::scope here(loop);
        schedule(t);
    }
    loop.turn();
    BOOST_TEST((seen == before));
    loop.turn();
    BOOST_TEST((loop.now() == before + 1s));
}

BOOST_FIXTURE_TEST_CASE(hours_of_timers_pass_in_virtual_time, in_virtual_time) {
    int expired = 0;
    struct heartbeat final : timer {
        explicit heartbeat(int& n) : n_(n) {}
        void on_expire() noexcept override {
            if (++n_ < 3600) arm(reactor::current().now() + 1s);
        }
        int& n_;
    } beat(expired);
    const time_point start = clock.now();
    {
        reactor::scope here(loop);
        beat.arm_after(1s);
    }
    while (loop.next_deadline() != never) {
        clock.advance_to(loop.next_deadline());
        loop.turn();
    }
    BOOST_TEST(expired == 3600);
    BOOST_TEST((clock.now() == start + 3600s));
    BOOST_TEST(loop.timers() == 0u);
}

BOOST_AUTO_TEST_CASE(two_reactors_in_one_thread_keep_their_timers_tasks_and_randomness_apart) {
    manual_clock clock;
    reactor a({.shard = 0, .time = &clock, .seed = 1});
    reactor b({.shard = 1, .time = &clock, .seed = 2});
    int a_ran = 0, b_ran = 0;
    callback_timer in_a([&] { ++a_ran; });
    callback_timer in_b([&] { ++b_ran; });
    {
        reactor::scope here(a);
        in_a.arm_after(1ms);
        BOOST_TEST(reactor::current().shard() == 0u);
        reactor::scope there(b);
        in_b.arm_after(2ms);
        BOOST_TEST(reactor::current().shard() == 1u);
    }
    BOOST_TEST(!reactor::has_current());
    clock.advance(5ms);
    a.turn();
    BOOST_TEST((a_ran == 1 && b_ran == 0));
    b.turn();
    BOOST_TEST((a_ran == 1 && b_ran == 1));
    BOOST_TEST(a.rng().next() != b.rng().next());
}

BOOST_AUTO_TEST_CASE(a_timer_re_armed_under_another_reactor_stays_with_its_first) {
    manual_clock clock;
    reactor a({.time = &clock}), b({.time = &clock});
    int ran = 0;
    callback_timer t([&] { ++ran; });
    {
        reactor::scope here(a);
        t.arm_after(1ms);
    }
    {
        reactor::scope here(b);
        t.arm_after(2ms);
    }
    BOOST_TEST(a.timers() == 1u);
    BOOST_TEST(b.timers() == 0u);
}

BOOST_FIXTURE_TEST_CASE(arming_for_never_cancels, in_virtual_time) {
    callback_timer t([] {});
    reactor::scope here(loop);
    t.arm_after(1ms);
    t.arm(never);
    BOOST_TEST(!t.armed());
    t.arm_after(duration::max());
    BOOST_TEST(!t.armed());
}

BOOST_AUTO_TEST_CASE(run_ends_after_stop_when_nothing_is_left_to_do) {
    reactor loop;
    int left = 5;
    std::vector<function_task> chain;
    for (int i = 0; i < 5; ++i)
        chain.emplace_back([&, i] {
            --left;
            if (i == 0) reactor::current().stop();
            if (i < 4) schedule(chain[size_t(i) + 1]);
        });
    {
        reactor::scope here(loop);
        schedule(chain[0]);
    }
    loop.run();
    BOOST_TEST(left == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_shard_sleeps_until_its_next_timer) {
    reactor loop({.spin = 0us});
    const time_point before = loop.now();
    callback_timer t([&] { loop.stop(); });
    {
        reactor::scope here(loop);
        t.arm_after(3ms);
    }
    loop.run();
    BOOST_TEST((loop.now() - before >= 3ms));
    BOOST_TEST(loop.counters().sleeps > 0u);
    // One more for each level of the wheel that the timer came down, not one per look.
    BOOST_TEST(loop.counters().turns < 20u);
}

BOOST_AUTO_TEST_CASE(a_pollers_descriptor_ends_a_sleep) {
    reactor loop({.spin = 0us});
    scripted_poller p;
    p.fd = ::eventfd(1, EFD_NONBLOCK);
    int polls = 0;
    p.on_poll = [&] {
        if (++polls == 2) loop.stop();
        return false;
    };
    loop.add(p);
    loop.run();  // would never return if the descriptor did not wake it
    BOOST_TEST(p.prepared == 1);
    BOOST_TEST(p.woken == 1);
    loop.remove(p);
    ::close(p.fd);
}

BOOST_AUTO_TEST_CASE(a_poller_without_a_descriptor_bounds_the_sleep) {
    reactor loop({.spin = 0us});
    scripted_poller p;
    p.longest = 100us;
    p.on_poll = [&] {
        if (loop.counters().sleeps > 2) loop.stop();
        return false;
    };
    loop.add(p);
    loop.run();  // for ever, if nothing ended a sleep
    BOOST_TEST(loop.counters().sleeps > 2u);
    loop.remove(p);
}

// Two shards of which neither can wake the other would otherwise sleep in turns.
BOOST_AUTO_TEST_CASE(a_poller_without_a_descriptor_is_looked_at_soon_after_there_was_work) {
    reactor loop({.spin = 100us});
    scripted_poller p;
    p.longest = 1h;
    const time_point before = loop.now();
    p.on_poll = [&] {
        if (loop.now() - before > 5ms && loop.counters().sleeps > 2) loop.stop();
        return false;
    };
    loop.add(p);
    loop.run();  // would take an hour
    BOOST_TEST(loop.counters().sleeps > 2u);
    BOOST_TEST(loop.counters().sleeps < 100u);
    loop.remove(p);
}

BOOST_AUTO_TEST_CASE(a_poller_that_has_work_after_all_prevents_the_sleep) {
    reactor loop({.spin = 0us});
    scripted_poller first, second;
    second.may_sleep = false;
    int polls = 0;
    first.on_poll = [&] {
        if (++polls == 4) loop.stop();
        return false;
    };
    loop.add(first);
    loop.add(second);
    loop.run();
    BOOST_TEST(loop.counters().sleeps == 0u);
    BOOST_TEST(first.prepared == 3);
    BOOST_TEST(first.woken == 3);
    BOOST_TEST(second.prepared == 3);
    BOOST_TEST(second.woken == 0);
    loop.remove(first);
    loop.remove(second);
}

BOOST_FIXTURE_TEST_CASE(its_counters_are_metrics, in_virtual_time) {
    loop.turn();
    BOOST_TEST(loop.metrics().total("reactor_turns") == 1);
    BOOST_TEST(loop.metrics().total("reactor_timers_armed") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
