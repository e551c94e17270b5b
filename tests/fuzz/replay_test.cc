// The fuzzed targets without a fuzzer: over all inputs that are kept, and some thousand mutations of them
// that are the same in every run. ./dev fuzz looks for new ones.
#include "core/log.hh"
#include "tests/fuzz/corpus.hh"
#include "tests/fuzz/mutator.hh"
#include "tests/fuzz/target.hh"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace millrace::fuzz {

// How Boost.Test names the case.
std::ostream& operator<<(std::ostream& out, const target& t) {
    return out << t.name;
}

}  // namespace millrace::fuzz

using namespace millrace;
using namespace millrace::fuzz;

namespace {

constexpr uint64_t seed = 20'261'127;

// MILLRACE_FUZZ_KEEP names a file that always holds the input that is being run: what is left there after a
// crash is what crashed. ./dev fuzz, or a target's folder below corpus/, takes it.
void run(const target& t, const std::string& bytes, const std::string& what) {
    static const char* const keep = std::getenv("MILLRACE_FUZZ_KEEP");
    if (keep) std::ofstream(keep, std::ios::binary) << bytes;
    BOOST_TEST_CHECKPOINT(t.name << ": " << what);
    try {
        t.run({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    } catch (const std::exception& e) {
        BOOST_FAIL(t.name << ": " << what << ": " << e.what());
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay)

BOOST_DATA_TEST_CASE(inputs_that_are_kept_and_their_mutations_break_nothing,
                     std::vector<target>(all_targets().begin(), all_targets().end()), tried) {
    set_log_levels("error");
    const auto kept = read_corpus(tried.name);
    BOOST_TEST_REQUIRE(kept.size() > 0u);
    for (size_t i = 0; i < kept.size(); ++i) run(tried, kept[i], "kept input " + std::to_string(i));
    mutator mutations(kept, tried.longest, seed);
    for (unsigned i = 0; i < tried.mutations; ++i)
        run(tried, mutations.next(), "mutation " + std::to_string(i) + " of seed " + std::to_string(seed));
}

BOOST_AUTO_TEST_CASE(corpora_are_small) {
    size_t bytes = 0;
    for (const auto& t : all_targets()) {
        const auto kept = read_corpus(t.name);
        BOOST_TEST(kept.size() <= 100u, t.name << " has " << kept.size() << " inputs");
        for (const auto& k : kept) {
            BOOST_TEST(k.size() <= t.longest, t.name << " has an input of " << k.size() << " bytes");
            bytes += k.size();
        }
    }
    BOOST_TEST(bytes <= 200u << 10);
}

BOOST_AUTO_TEST_CASE(mutations_differ_and_repeat_from_their_seed) {
    const std::vector<std::string> kept = {"GET a", "SET b 1"};
    std::set<std::string> different;
    mutator one(kept, 100, 1), same(kept, 100, 1);
    for (int i = 0; i < 1000; ++i) {
        const std::string s = one.next();
        BOOST_TEST(s.size() <= 100u);
        BOOST_TEST(s == same.next());
        different.insert(s);
    }
    BOOST_TEST(different.size() > 800u);
}

BOOST_AUTO_TEST_CASE(what_does_not_hold_is_told_with_its_place) {
    BOOST_CHECK_NO_THROW(require(true, "all is well"));
    BOOST_CHECK_EXCEPTION(require(false, "the sky is up"), broken, [](const broken& e) {
        const std::string what = e.what();
        return what.starts_with("replay_test.cc:") && what.ends_with(": the sky is up");
    });
}

BOOST_AUTO_TEST_SUITE_END()
