#include "tcp/demux/flow_table.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <set>
#include <unordered_map>

using namespace millrace::tcp;

namespace {

const auto any = [](uint32_t) { return true; };

auto is(uint32_t wanted) {
    return [wanted](uint32_t value) { return value == wanted; };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demux)

BOOST_AUTO_TEST_CASE(an_empty_flow_table_finds_nothing) {
    flow_table<uint32_t> table(10);
    BOOST_TEST(table.find(7, any) == 0u);
    BOOST_TEST(table.erase(7, any) == 0u);
}

BOOST_AUTO_TEST_CASE(flows_of_equal_hash_are_told_apart_by_their_values) {
    flow_table<uint32_t> table(10);
    BOOST_TEST(table.insert(5, 1));
    BOOST_TEST(table.insert(5, 2));
    BOOST_TEST(table.find(5, is(1)) == 1u);
    BOOST_TEST(table.find(5, is(2)) == 2u);
    BOOST_TEST(table.find(5, is(3)) == 0u);
    BOOST_TEST(table.erase(5, is(1)) == 1u);
    BOOST_TEST(table.find(5, is(1)) == 0u);
    BOOST_TEST(table.find(5, is(2)) == 2u);
}

BOOST_AUTO_TEST_CASE(a_flow_table_agrees_with_a_map_over_a_long_random_run) {
    flow_table<uint32_t> table(5000, 12345);
    std::unordered_map<uint32_t, uint32_t> model;  // value > hash
    std::mt19937 rng(1);
    for (uint32_t step = 1; step < 60000; ++step) {
        if (rng() % 5 < 3 && model.size() < 4000) {
            const uint32_t hash = rng() % 3000 * 128;  // few hashes, low bits equal, as behind RSS
            if (table.insert(hash, step)) model[step] = hash;
        } else if (!model.empty()) {
            const auto victim = *model.begin();
            BOOST_REQUIRE(table.erase(victim.second, is(victim.first)) == victim.first);
            model.erase(victim.first);
        }
        BOOST_REQUIRE(table.size() == model.size());
    }
    for (const auto& [value, hash] : model) BOOST_REQUIRE(table.find(hash, is(value)) == value);
    std::set<uint32_t> seen;
    table.for_each([&](uint32_t value) { seen.insert(value); });
    BOOST_TEST(seen.size() == model.size());
}

BOOST_AUTO_TEST_CASE(a_full_flow_table_refuses) {
    flow_table<uint32_t> table(3);
    for (uint32_t i = 1; i <= 3; ++i) BOOST_TEST(table.insert(i, i));
    BOOST_TEST(!table.insert(4, 4));
    BOOST_TEST(table.erase(2, any) == 2u);
    BOOST_TEST(table.insert(4, 4));
}

BOOST_AUTO_TEST_CASE(an_attacker_who_makes_hashes_collide_is_refused_before_look_ups_grow_long) {
    using table_type = flow_table<uint32_t>;
    table_type table(100000);
    uint32_t taken = 0;
    for (uint32_t i = 1; i <= 1000; ++i) taken += table.insert(42, i);
    BOOST_TEST(taken == table_type::max_probes);
    BOOST_TEST(table.insert(43, 5000));
    BOOST_TEST(table.find(43, any) == 5000u);
}

BOOST_AUTO_TEST_SUITE_END()
