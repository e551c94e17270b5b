#include "tests/support/sim_shrink.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::test;

namespace {

// Fails with so many bytes or more, if the wire loses and reorders.
transfer_outcome fails_late(uint64_t, const transfer_options& o) {
    transfer_outcome out;
    out.frames = o.bytes / 1000 + 5;
    if (o.bytes >= 777 && !o.without.has(trouble::loss) && !o.without.has(trouble::reorder))
        out.failure = "late";
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shrinking)

BOOST_AUTO_TEST_CASE(only_what_the_failure_needs_is_left) {
    const transfer_options all{.bytes = 4 << 20};
    const shrunk_transfer s = shrink_transfer(1, all, fails_late(1, all), fails_late);
    BOOST_TEST(s.outcome.failure == "late");
    BOOST_TEST(s.options.bytes == 777u);
    BOOST_TEST(s.options.without.to_string() == "jitter,duplicate,corrupt,marks,rate,ecn,pacing,memory");
    BOOST_TEST(s.outcome.frames == 5u);
}

BOOST_AUTO_TEST_CASE(it_ends_after_so_many_tries_with_something_that_fails) {
    for (unsigned most : {0u, 1u, 5u, 12u}) {
        unsigned tried = 0;
        const auto counted = [&](uint64_t seed, const transfer_options& o) {
            ++tried;
            return fails_late(seed, o);
        };
        const transfer_options all{.bytes = 4 << 20};
        const shrunk_transfer s = shrink_transfer(1, all, fails_late(1, all), counted, most);
        BOOST_TEST(tried == most);
        BOOST_TEST(s.tried == most);
        BOOST_TEST(!fails_late(1, s.options).ok());
    }
}

// A service that gets its 5000th byte wrong, over a wire of many troubles that have nothing to do with it.
BOOST_AUTO_TEST_CASE(a_real_failure_needs_few_packets) {
    const transfer_options failing{.bytes = 300'000, .spoilt = 5000};
    const transfer_outcome how = run_transfer(7, failing);
    BOOST_TEST(how.failure == "byte 5000 came back wrong");
    const shrunk_transfer s = shrink_transfer(7, failing, how);
    BOOST_TEST(s.outcome.failure == how.failure);
    BOOST_TEST(s.options.bytes == 5001u);
    BOOST_TEST(s.outcome.frames * 10 < how.frames, s.outcome.frames << " of " << how.frames);
    BOOST_TEST(s.outcome.retransmissions == 0u);
    const transfer_outcome again = run_transfer(7, s.options);
    BOOST_TEST(again.failure == how.failure);
    BOOST_TEST(again.frames == s.outcome.frames);
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_by_the_command_that_repeats_it) {
    BOOST_TEST(replay_line(17, {.bytes = 4096}) ==
               "millrace-sim-seeds --first 17 --seeds 1 --bytes 4096 --verbose");
    transfer_options o{.bytes = 1};
    o.without = trouble_set().with(trouble::loss).with(trouble::ecn);
    BOOST_TEST(replay_line(3, o) ==
               "millrace-sim-seeds --first 3 --seeds 1 --bytes 1 --without loss,ecn --verbose");
}

BOOST_AUTO_TEST_CASE(troubles_have_names) {
    for (size_t i = 0; i < trouble_names.size(); ++i) {
        const trouble_set one = trouble_set().with(trouble(i));
        BOOST_TEST(one.to_string() == trouble_names[i]);
        BOOST_TEST((trouble_set::parse(trouble_names[i]) == one));
    }
    BOOST_TEST((trouble_set::parse("") == trouble_set()));
    BOOST_TEST(
        (trouble_set::parse("pacing,loss") == trouble_set().with(trouble::loss).with(trouble::pacing)));
    for (const char* wrong : {"los", "loss;rate", ",loss"}) BOOST_TEST(!trouble_set::parse(wrong), wrong);
}

// What is left out is not there, and what is left is drawn as it was.
BOOST_AUTO_TEST_CASE(a_seed_without_its_troubles_is_the_same_seed) {
    const transfer_outcome all = run_transfer(7, {.bytes = 50'000});
    transfer_options o{.bytes = 50'000};
    o.without = *trouble_set::parse("loss,corrupt");
    const transfer_outcome some = run_transfer(7, o);
    BOOST_TEST(all.hash == some.hash);
    BOOST_TEST(some.troubles.find("loss 0.0 %") != std::string::npos, some.troubles);
    BOOST_TEST(all.troubles.find("delay") == some.troubles.find("delay"));
}

BOOST_AUTO_TEST_SUITE_END()
