#include "tests/support/effort.hh"
#include "tests/support/sim_shrink.hh"
#include "tests/support/sim_transfer.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace::test;

namespace {

constexpr uint64_t seeds = effort(6, 10, 100);  // ./dev check has them all

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(every_byte_comes_back_over_any_wire_and_nothing_is_left) {
    BOOST_TEST_MESSAGE(seeds << " seeds of 4 MiB each way");
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const transfer_outcome o = run_transfer(seed);
        const std::string replay = o.ok() ? "" : smallest_replay(seed, {}, o);
        BOOST_TEST(o.ok(), "seed " << seed << ": " << o.failure << " (" << o.troubles << "); " << replay);
    }
}

// A window used up while its first segment was lost: the peer's ACKs, from its right edge, were not taken,
// and the edge had crept beyond what the receive buffer took. Either end waited for the other.
BOOST_AUTO_TEST_CASE(seeds_that_once_hung) {
    for (uint64_t seed : {500'135, 500'221}) {
        const transfer_outcome o = run_transfer(seed);
        BOOST_TEST(o.ok(), "seed " << seed << ": " << o.failure << " (" << o.troubles << ")");
    }
}

// An ARP reply was spoilt on its way: for two minutes everything went to another address, beyond what a
// connection that its user has closed waits for.
BOOST_AUTO_TEST_CASE(a_neighbour_misheard_is_asked_again) {
    for (uint64_t seed : {1'030'702, 3'030'080}) {  // the second before the handshake
        const transfer_outcome o = run_transfer(seed, {.bytes = 512 << 10});
        BOOST_TEST(o.ok(), "seed " << seed << ": " << o.failure);
        BOOST_TEST(o.seconds < 60);
    }
}

// An ACK that came with data sent again moved SND.UNA, and its window was not taken: both ends sent beyond
// what was offered, and answered from where the other took nothing, until one of them gave up.
BOOST_AUTO_TEST_CASE(the_window_goes_with_the_ack) {
    const auto without =
        trouble_set().with(trouble::reorder).with(trouble::rate).with(trouble::ecn).with(trouble::pacing);
    const transfer_outcome o = run_transfer(4'011'683, {.bytes = 295'385, .without = without});
    BOOST_TEST(o.ok(), o.failure);
    BOOST_TEST(o.seconds < 60);
}

BOOST_AUTO_TEST_CASE(a_seed_repeats_exactly) {
    const transfer_outcome first = run_transfer(7, {.bytes = 300'000});
    const transfer_outcome again = run_transfer(7, {.bytes = 300'000});
    BOOST_TEST(first.ok(), first.failure);
    BOOST_TEST(first.frames == again.frames);
    BOOST_TEST(first.steps == again.steps);
    BOOST_TEST(first.seconds == again.seconds);
    BOOST_TEST(first.hash == again.hash);
}

BOOST_AUTO_TEST_SUITE_END()
