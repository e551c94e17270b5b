// The run queue: order, limits, scopes, and the end of a shard's work.
#include "core/run_queue.hh"

#include <boost/test/unit_test.hpp>

#include <array>
#include <vector>

using namespace millrace;

namespace {

class numbered final : public task {
 public:
    numbered(std::vector<int>& log, int n) : log_(log), n_(n) {}
    void run() noexcept override { log_.push_back(n_); }

 private:
    std::vector<int>& log_;
    int n_;
};

class quota_counter final : public task {
 public:
    uint32_t steps = 0;
    void run() noexcept override {
        for (steps = 0; !need_preempt(); ++steps) {
        }
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(tasks_run_in_the_order_in_which_they_were_scheduled) {
    run_queue queue;
    run_queue::scope here(queue);
    std::vector<int> log;
    numbered a(log, 1), b(log, 2), c(log, 3);
    schedule(a);
    schedule(b);
    schedule(c);
    BOOST_TEST(queue.run(2) == 2u);
    BOOST_TEST(queue.size() == 1u);
    BOOST_TEST(queue.run(100) == 1u);
    BOOST_TEST(log == (std::vector<int>{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(scopes_nest) {
    run_queue outer;
    BOOST_TEST(!run_queue::has_current());
    {
        run_queue::scope o(outer);
        run_queue inner;
        {
            run_queue::scope i(inner);
            BOOST_TEST(&run_queue::current() == &inner);
        }
        BOOST_TEST(&run_queue::current() == &outer);
    }
    BOOST_TEST(!run_queue::has_current());
}

BOOST_AUTO_TEST_CASE(each_task_has_its_own_quota_of_steps_in_place) {
    run_queue queue;
    run_queue::scope here(queue);
    quota_counter first, second;
    schedule(first);
    schedule(second);
    queue.run(64);
    BOOST_TEST(first.steps == run_queue::inline_quota);
    BOOST_TEST(second.steps == run_queue::inline_quota);
}

// Loops over ready futures that yield to each other leave the pollers their turn.
BOOST_AUTO_TEST_CASE(many_steps_in_place_count_as_many_tasks) {
    run_queue queue;
    run_queue::scope here(queue);
    std::array<quota_counter, 100> loops;
    for (auto& l : loops) schedule(l);
    BOOST_TEST(queue.run(100) <= 4u);
    BOOST_TEST(queue.run(10000) >= 96u);
}

// What takes microseconds though it is ready: a loop over it yields as early as one over thousands of quick
// steps.
BOOST_AUTO_TEST_CASE(an_expensive_step_is_charged_as_many) {
    class caller final : public task {
     public:
        uint32_t calls = 0;
        void run() noexcept override {
            for (calls = 0; !need_preempt(); ++calls) charge_steps(100);
        }
    };
    run_queue queue;
    run_queue::scope here(queue);
    std::array<caller, 100> loops;
    for (auto& l : loops) schedule(l);
    BOOST_TEST(queue.run(100) <= 4u);
    BOOST_TEST(loops[0].calls == 3u);
    BOOST_TEST(queue.run(10000) >= 96u);
}

BOOST_AUTO_TEST_CASE(nothing_is_preempted_outside_of_a_shard) {
    bool preempted = false;
    for (uint32_t i = 0; i < 10 * run_queue::inline_quota; ++i) preempted |= need_preempt();
    BOOST_TEST(!preempted);
}

BOOST_AUTO_TEST_CASE(ended_queue_forgets_its_tasks_and_takes_no_more) {
    run_queue queue;
    run_queue::scope here(queue);
    std::vector<int> log;
    numbered a(log, 1), b(log, 2);
    schedule(a);
    queue.end();
    schedule(b);
    BOOST_TEST(queue.empty());
    BOOST_TEST(queue.run(10) == 0u);
    BOOST_TEST(log.empty());
}

BOOST_AUTO_TEST_SUITE_END()
