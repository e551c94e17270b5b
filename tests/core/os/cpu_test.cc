#include "core/os/cpu.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sched.h>
#include <system_error>
#include <time.h>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(os)

BOOST_AUTO_TEST_CASE(there_is_a_cpu_to_run_on_and_they_are_told_in_order) {
    const auto cpus = usable_cpus();
    BOOST_TEST_REQUIRE(!cpus.empty());
    BOOST_TEST(std::is_sorted(cpus.begin(), cpus.end()));
    BOOST_TEST(std::count(cpus.begin(), cpus.end(), unsigned(sched_getcpu())) == 1);
}

BOOST_AUTO_TEST_CASE(a_pinned_thread_stays_and_is_free_again_afterwards) {
    const auto before = usable_cpus();
    {
        pinned_to_cpu here(before.back());
        BOOST_TEST(unsigned(sched_getcpu()) == before.back());
        BOOST_TEST(usable_cpus().size() == 1u);
    }
    BOOST_TEST((usable_cpus() == before));
}

BOOST_AUTO_TEST_CASE(a_cpu_that_is_not_there_is_refused_and_changes_nothing) {
    const auto before = usable_cpus();
    BOOST_CHECK_THROW(pinned_to_cpu(1'000'000), std::system_error);
    BOOST_CHECK_THROW(pinned_to_cpu(CPU_SETSIZE - 1), std::system_error);
    BOOST_TEST((usable_cpus() == before));
}

BOOST_AUTO_TEST_SUITE_END()
