// The cost meter: cycles by kind of work, from a sample of the turns.
#include "core/cost.hh"

#include "core/metrics.hh"
#include "core/reactor.hh"
#include "core/task.hh"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace millrace;

namespace {

struct meter_of_a_number {
    uint64_t counter = 1000;
    cost_meter meter{&counter};

    void work_for(uint64_t cycles, work_kind w) {
        meter.enter(w);
        counter += cycles;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core_cost)

BOOST_AUTO_TEST_CASE(every_kind_of_work_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < works; ++i) names.insert(to_string(work_kind(i)));
    BOOST_TEST(names.size() == works);
    BOOST_TEST(names.count("") == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_first_turn_is_measured_exactly, meter_of_a_number) {
    counter += 500;  // before the turn: nobody's
    meter.begin_turn();
    counter += 5;
    work_for(10, work_kind::device_in);
    work_for(20, work_kind::tcp_in);
    work_for(30, work_kind::device_in);
    meter.end_turn(true);
    BOOST_TEST(meter.cycles(work_kind::other) == 5u);
    BOOST_TEST(meter.cycles(work_kind::device_in) == 40u);
    BOOST_TEST(meter.cycles(work_kind::tcp_in) == 20u);
    BOOST_TEST(meter.cycles(work_kind::idle) == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_turn_without_work_is_idle_as_a_whole, meter_of_a_number) {
    meter.begin_turn();
    work_for(10, work_kind::device_in);
    work_for(7, work_kind::timers);
    meter.end_turn(false);
    BOOST_TEST(meter.cycles(work_kind::idle) == 17u);
    BOOST_TEST(meter.cycles(work_kind::device_in) == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_scope_goes_back_to_the_work_around_it, meter_of_a_number) {
    meter.begin_turn();
    work_for(10, work_kind::ip_in);
    {
        cost_scope inner(meter, work_kind::tcp_in);
        counter += 3;
    }
    counter += 4;
    meter.end_turn(true);
    BOOST_TEST(meter.cycles(work_kind::ip_in) == 14u);
    BOOST_TEST(meter.cycles(work_kind::tcp_in) == 3u);
}

// Busy and idle turns in the worst of rhythms: by turns.
BOOST_FIXTURE_TEST_CASE(the_turns_measured_stand_for_all, meter_of_a_number) {
    constexpr uint64_t turns = 200'000;
    for (uint64_t i = 0; i < turns; ++i) {
        meter.begin_turn();
        work_for(100, work_kind::device_in);
        if (i % 2) work_for(300, work_kind::tasks);
        meter.end_turn(i % 2);
    }
    BOOST_TEST(double(meter.cycles(work_kind::tasks)) == turns / 2 * 300.0,
               boost::test_tools::tolerance(0.05));
    BOOST_TEST(double(meter.cycles(work_kind::idle)) == turns / 2 * 100.0,
               boost::test_tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(a_shard_in_virtual_time_counts_no_cycles) {
    manual_clock clock;
    reactor r({.time = &clock});
    for (int i = 0; i < 1000; ++i) r.turn();
    for (size_t i = 0; i < works; ++i) BOOST_TEST(r.cost().cycles(work_kind(i)) == 0u);
    BOOST_TEST(r.metrics().total("cost_cycles_per_second") == 0.0);
    BOOST_TEST(r.metrics().total("cost_heap_allocations") == 0.0);
}

BOOST_AUTO_TEST_CASE(a_shard_counts_its_cycles_and_tells_their_rate) {
    struct busy final : task {
        void run() noexcept override {
            ++runs;
            schedule(*this);
        }
        int runs = 0;
    } b;
    reactor r({.tasks_per_turn = 10});
    {
        reactor::scope here(r);
        schedule(b);
    }
    for (int i = 0; i < 1000; ++i) r.turn();
    BOOST_TEST(b.runs == 10'000);
    BOOST_TEST(r.cost().cycles(work_kind::tasks) > 0u);
    BOOST_TEST(r.cost().cycles(work_kind::idle) == 0u);
    BOOST_TEST(r.metrics().total("cost_cycles") > double(r.cost().cycles(work_kind::tasks)));
    BOOST_TEST(r.metrics().total("cost_cycles_per_second") > 1e6);
}

BOOST_AUTO_TEST_SUITE_END()
