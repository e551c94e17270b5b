#include "tcp/listen/pending_fast_opens.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{100s};

}  // namespace

BOOST_AUTO_TEST_SUITE(listen)

// RFC 7413 §5.1.
BOOST_AUTO_TEST_CASE(so_many_are_pending_and_no_more) {
    pending_fast_opens pending(2);
    BOOST_TEST(!pending.full(start));
    pending.begin();
    pending.begin();
    BOOST_TEST(pending.full(start));
    pending.end();
    BOOST_TEST(!pending.full(start));
    BOOST_TEST(pending.size() == 1u);
}

// RFC 7413 §5.1: else RSTs of spoofed hosts would make room for the next ones of the attacker.
BOOST_AUTO_TEST_CASE(one_ended_by_a_reset_counts_for_a_minute_more) {
    pending_fast_opens pending(1);
    pending.begin();
    pending.end_by_reset(start);
    BOOST_TEST(pending.full(start + 59s));
    BOOST_TEST(!pending.full(start + 60s));
    BOOST_TEST(pending.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_limit_of_none_is_always_reached) {
    BOOST_TEST(pending_fast_opens(0).full(start));
}

BOOST_AUTO_TEST_SUITE_END()
