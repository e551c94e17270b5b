// The hierarchical timer wheel, beside a sorted list of the same timers.
#include "core/time/timer_wheel.hh"

#include "core/random.hh"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <set>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1s};
constexpr int64_t tick_ns = 1024;

int64_t tick_of(time_point t) {
    return t.time_since_epoch().count() / tick_ns;
}

class recorder final : public timer {
 public:
    recorder(std::vector<int>& log, int id) : log_(log), id_(id) {}
    std::function<void()> then;

 private:
    void on_expire() noexcept override {
        log_.push_back(id_);
        if (then) then();
    }
    std::vector<int>& log_;
    int id_;
};

struct fixture {
    timer_wheel wheel{start};
    std::vector<int> log;

    std::vector<int> expire(time_point now) {
        log.clear();
        wheel.expire(now);
        return log;
    }
};

// A random span: as likely some nanoseconds as some days.
duration random_span(millrace::random& r) {
    return duration(int64_t(r.below(uint64_t(1) << (1 + r.below(50)))));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(core_timer_wheel, fixture)

BOOST_AUTO_TEST_CASE(a_timer_is_never_early_and_not_a_nanosecond_late_for_the_turn) {
    recorder t(log, 1);
    for (duration d :
         {1ns, 1023ns, 1024ns, 1025ns, duration(65us), duration(70ms), duration(1h), duration(24h * 400)}) {
        const time_point from = start + d;  // moves on from round to round
        wheel.expire(from);
        const time_point deadline = from + d;
        wheel.arm(t, deadline);
        BOOST_TEST(expire(deadline - 1ns).empty());
        BOOST_TEST(expire(deadline).size() == 1u);
        BOOST_TEST(!t.armed());
    }
}

BOOST_AUTO_TEST_CASE(a_deadline_in_the_past_expires_with_the_next_look) {
    recorder t(log, 1);
    wheel.arm(t, time_point{});
    BOOST_TEST(expire(start).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_does_not_expire_and_leaves_nothing) {
    recorder t(log, 1);
    wheel.arm(t, start + 5ms);
    t.cancel();
    BOOST_TEST(wheel.size() == 0u);
    BOOST_TEST((wheel.next_deadline() == never));
    BOOST_TEST(expire(start + 1s).empty());
}

BOOST_AUTO_TEST_CASE(a_destroyed_timer_is_cancelled) {
    {
        recorder t(log, 1);
        wheel.arm(t, start + 5ms);
    }
    BOOST_TEST(wheel.size() == 0u);
    BOOST_TEST(expire(start + 1s).empty());
}

BOOST_AUTO_TEST_CASE(re_arming_moves_a_timer_both_ways) {
    recorder t(log, 1);
    wheel.arm(t, start + 5ms);
    wheel.arm(t, start + 9ms);  // lazily: it stays where it is
    BOOST_TEST(wheel.size() == 1u);
    BOOST_TEST(expire(start + 8999us).empty());
    wheel.arm(t, start + 20ms);
    wheel.arm(t, start + 10ms);
    BOOST_TEST(expire(start + 10ms).size() == 1u);
    BOOST_TEST(wheel.size() == 0u);
}

BOOST_AUTO_TEST_CASE(timers_of_one_deadline_expire_in_the_order_armed) {
    std::vector<std::unique_ptr<recorder>> timers;
    for (int i = 0; i < 100; ++i) {
        timers.push_back(std::make_unique<recorder>(log, i));
        wheel.arm(*timers.back(), start + 300ms);
        if (i % 10 == 0) wheel.expire(start + i * 2ms);
    }
    const std::vector<int> order = expire(start + 300ms);
    BOOST_TEST(order.size() == 100u);
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(a_timer_that_arms_itself_anew_waits_for_the_next_call) {
    recorder t(log, 1);
    t.then = [&] { wheel.arm(t, start); };
    wheel.arm(t, start + 1us);
    BOOST_TEST(expire(start + 1ms).size() == 1u);
    BOOST_TEST(t.armed());
    BOOST_TEST(expire(start + 1ms).size() == 1u);
    t.then = {};
    BOOST_TEST(expire(start + 1ms).size() == 1u);
    BOOST_TEST(wheel.size() == 0u);
}

BOOST_AUTO_TEST_CASE(an_expiring_timer_may_cancel_or_postpone_others_that_are_due) {
    recorder first(log, 1), second(log, 2), third(log, 3);
    first.then = [&] {
        second.cancel();
        wheel.arm(third, start + 2s);
    };
    wheel.arm(first, start + 1ms);
    wheel.arm(second, start + 2ms);
    wheel.arm(third, start + 3ms);
    BOOST_TEST(expire(start + 1s) == std::vector<int>{1}, boost::test_tools::per_element());
    BOOST_TEST((third.deadline() == start + 2s));
    BOOST_TEST(expire(start + 2s) == std::vector<int>{3}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_wheel_disarms_what_outlives_it) {
    recorder t(log, 1);
    {
        timer_wheel other(start);
        other.arm(t, start + 1h);
    }
    BOOST_TEST(!t.armed());
}

BOOST_AUTO_TEST_CASE(stepping_from_deadline_to_deadline_meets_every_timer_exactly) {
    millrace::random r(3);
    std::vector<std::unique_ptr<recorder>> timers;
    std::multiset<time_point> expected;
    for (int i = 0; i < 2000; ++i) {
        timers.push_back(std::make_unique<recorder>(log, i));
        const time_point at = start + random_span(r);
        wheel.arm(*timers.back(), at);
        expected.insert(at);
    }
    int steps = 0;
    while (wheel.size() > 0) {
        const time_point at = wheel.next_deadline();
        BOOST_REQUIRE((at <= *expected.begin()));
        const size_t due = expected.count(at);
        BOOST_REQUIRE(expire(at).size() == due);
        expected.erase(at);
        BOOST_REQUIRE((wheel.next_deadline() > at));
        ++steps;
    }
    BOOST_TEST(expected.empty());
    BOOST_TEST(steps < 2000 * 9);
}

// Arms, cancels and re-arms at random against a sorted reference, in virtual time that jumps at random.
BOOST_AUTO_TEST_CASE(random_timers_expire_as_a_sorted_list_says) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        millrace::random r(seed);
        timer_wheel w(start);
        std::vector<std::unique_ptr<recorder>> timers;
        std::map<int, time_point> armed;
        for (int i = 0; i < 500; ++i) timers.push_back(std::make_unique<recorder>(log, i));
        time_point now = start;
        for (int step = 0; step < 4000; ++step) {
            const int id = int(r.below(timers.size()));
            if (r.chance(0.15)) {
                timers[size_t(id)]->cancel();
                armed.erase(id);
            } else {
                const time_point at = now + random_span(r);
                w.arm(*timers[size_t(id)], at);
                armed[id] = at;
            }
            if (!r.chance(0.3)) continue;
            now += random_span(r) / 64;
            std::set<int> due;
            for (auto& [i, at] : armed)
                if (at <= now) due.insert(i);
            log.clear();
            BOOST_REQUIRE(w.expire(now) == due.size());
            BOOST_REQUIRE((std::set<int>(log.begin(), log.end()) == due));
            for (size_t i = 1; i < log.size(); ++i)
                BOOST_REQUIRE((tick_of(armed[log[i - 1]]) <= tick_of(armed[log[i]])));
            for (int i : due) armed.erase(i);
            BOOST_REQUIRE(w.size() == armed.size());
            for (auto& [i, at] : armed) BOOST_REQUIRE((timers[size_t(i)]->deadline() == at));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
