#include "apps/perf/cpu_time.hh"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace millrace;
using namespace millrace::perf;

BOOST_AUTO_TEST_SUITE(perf_cpu_time)

BOOST_AUTO_TEST_CASE(user_and_system_time_are_added_whatever_the_name_of_the_process) {
    BOOST_TEST(ticks_of("42 (a) b) S 1 2 3 4 5 6 7 8 9 10 300 40 13 14").value() == 340u);
    BOOST_TEST(ticks_of("42 (x) R 1 2 3 4 5 6 7 8 9 10 0 0 13").value() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_such_line_is_refused) {
    for (const char* line : {"", "42", "42 (x)", "42 (x) R 1 2 3", "42 (x) R 1 2 3 4 5 6 7 8 9 10 a b c"})
        BOOST_TEST(!ticks_of(line).has_value(), line);
}

BOOST_AUTO_TEST_CASE(this_process_has_used_some_and_one_that_is_not_has_none) {
    const duration before = thread_cpu_time();
    while (thread_cpu_time() == before) {
    }
    BOOST_TEST((thread_cpu_time() > before));
    BOOST_TEST(process_cpu_time(unsigned(::getpid())).has_value());
    BOOST_TEST(!process_cpu_time(0x7fffffff).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
