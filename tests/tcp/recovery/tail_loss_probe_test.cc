#include "tcp/recovery/tail_loss_probe.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const seq end(1000);

struct sent_again {
    sent_again() { probe.on_send(end, true); }
    bool repaired(seq una, bool duplicate_reported = false, bool is_duplicate = false) {
        sack_blocks blocks;
        if (duplicate_reported) blocks.push_back({end - 100, end});
        return probe.has_repaired(una, blocks, duplicate_reported, is_duplicate);
    }
    tail_loss_probe probe;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 8985 §7.2.
BOOST_AUTO_TEST_CASE(it_waits_for_two_round_trips) {
    BOOST_TEST((tail_loss_probe::timeout(50ms) == 102ms));
}

// RFC 8985 §7.3.
BOOST_FIXTURE_TEST_CASE(the_next_one_needs_the_end_of_the_last_and_a_round_trip, sent_again) {
    BOOST_TEST(tail_loss_probe().may_send());
    BOOST_TEST(!probe.may_send());
    repaired(end + 1);
    BOOST_TEST(!probe.may_send());
    probe.on_round_trip();
    BOOST_TEST(probe.may_send());
    BOOST_TEST(probe.is_idle());
}

// RFC 8985 §7.4.2, case 2.
BOOST_FIXTURE_TEST_CASE(an_ack_beyond_it_without_a_duplicate_shows_a_repaired_loss, sent_again) {
    BOOST_TEST(!repaired(end - 100));
    BOOST_TEST(!repaired(end));
    BOOST_TEST(repaired(end + 1));
    BOOST_TEST(!repaired(end + 2));
}

// RFC 8985 §7.4.2, cases 1 and 3.
BOOST_AUTO_TEST_CASE(a_second_copy_that_arrives_shows_that_nothing_was_lost) {
    sent_again by_report, by_duplicate;
    BOOST_TEST(!by_report.repaired(end, true));
    BOOST_TEST(!by_report.repaired(end + 1));
    BOOST_TEST(!by_duplicate.repaired(end));
    BOOST_TEST(!by_duplicate.repaired(end, false, true));
    BOOST_TEST(!by_duplicate.repaired(end + 1));
    BOOST_TEST(!by_duplicate.probe.outstanding());
}

// RFC 8985 §7.4.2: of new data nothing is in doubt.
BOOST_AUTO_TEST_CASE(a_probe_of_new_data_repairs_nothing) {
    tail_loss_probe p;
    p.on_send(end, false);
    BOOST_TEST(!p.has_repaired(end + 100, {}, false, false));
    BOOST_TEST(!p.outstanding());
}

BOOST_AUTO_TEST_SUITE_END()
