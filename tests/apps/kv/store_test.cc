#include "apps/kv/store.hh"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <string>

using namespace millrace;
using namespace millrace::kv;
using namespace std::chrono_literals;

namespace {

const time_point start(1s);

key_ref key(std::string_view text) {
    return {text, key_hash(hash_seed{}, text)};
}

std::string numbered(size_t i) {
    return "key:" + std::to_string(i);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_store)

BOOST_AUTO_TEST_CASE(what_is_set_is_found) {
    store s;
    BOOST_TEST(s.find(key("a"), start) == nullptr);
    s.set(key("a"), "1", never, start);
    s.set(key(""), "", never, start);
    s.set(key("b"), std::string(100, 'x'), never, start);
    BOOST_TEST(s.find(key("a"), start)->value() == "1");
    BOOST_TEST(s.find(key(""), start)->value() == "");
    BOOST_TEST(s.find(key("b"), start)->value() == std::string(100, 'x'));
    BOOST_TEST(s.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_value_may_grow_out_of_its_slot_and_shrink_into_it_again) {
    store s;
    uint64_t lean = 0;
    for (size_t size : {3u, 45u, 46u, 200u, 5000u, 300u, 100u, 40u, 0u, 70000u, 1u}) {
        s.set(key("key"), std::string(size, 'v'), never, start);
        slot* e = s.find(key("key"), start);
        BOOST_REQUIRE(e);
        BOOST_TEST(e->key() == "key");
        BOOST_TEST(e->value() == std::string(size, 'v'));
        BOOST_TEST((e->storage() == nullptr) == (size <= 45));
        if (size == 3) lean = s.bytes();
        if (size <= 45) BOOST_TEST(s.bytes() == lean);
        if (size > 45) BOOST_TEST(s.bytes() >= lean + size);
    }
    BOOST_TEST(s.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_new_value_keeps_the_expiry_wherever_it_lies) {
    store s;
    s.set(key("key"), "short", start + 1s, start);
    for (size_t size : {3u, 200u, 5000u, 40u, 46u, 45u}) {
        slot* e = s.find(key("key"), start);
        BOOST_REQUIRE(e);
        s.assign(*e, std::string(size, 'v'));
        BOOST_TEST((e->expiry() == start + 1s));
    }
    s.set(key("key"), "1", never, start);
    BOOST_TEST(s.expiring() == 0u);
    s.set(key("key"), std::string(200, 'v'), start + 1s, start);
    s.set(key("key"), "1", never, start);
    BOOST_TEST(s.expiring() == 0u);
}

BOOST_AUTO_TEST_CASE(a_small_value_does_not_keep_the_memory_of_a_large_one) {
    store s;
    s.set(key("k"), std::string(100'000, 'v'), never, start);
    s.set(key("k"), std::string(100, 'v'), never, start);
    BOOST_TEST(s.bytes() < 10'000u);
}

BOOST_AUTO_TEST_CASE(appending_makes_room_for_more) {
    store s;
    slot& e = s.add(key("k"), "");
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
        s.append(e, "abc");
        expected += "abc";
        if (i % 100 == 0) BOOST_TEST(e.value() == expected);
    }
    BOOST_TEST(e.value() == expected);
    BOOST_TEST(s.bytes() < 64 * 16 + 3 * expected.size());
}

BOOST_AUTO_TEST_CASE(a_reply_keeps_a_large_value_that_is_overwritten) {
    store s;
    std::string old(10'000, 'o');
    slot& e = s.add(key("k"), old);
    buffer reply = e.storage()->share(1, old.size());
    s.assign(e, std::string(10'000, 'n'));
    BOOST_TEST(reply.view() == old);
    s.append(e, "more");
    s.erase(e);
    BOOST_TEST(reply.view() == old);
}

BOOST_AUTO_TEST_CASE(an_expired_key_is_gone_when_it_is_looked_for) {
    store s;
    s.set(key("k"), "v", start + 10ms, start);
    BOOST_TEST(s.find(key("k"), start + 9ms) != nullptr);
    BOOST_TEST(s.expiring() == 1u);
    BOOST_TEST(s.find(key("k"), start + 10ms) == nullptr);
    BOOST_TEST(s.size() == 0u);
    BOOST_TEST(s.expiring() == 0u);
    BOOST_TEST(s.counters().expired == 1u);
}

BOOST_AUTO_TEST_CASE(a_sweep_removes_what_nobody_looks_for) {
    store s;
    for (size_t i = 0; i < 1000; ++i) s.set(key(numbered(i)), "v", i % 2 ? start + 1ms : never, start);
    BOOST_TEST(s.sweep(start, 10'000) == 0u);
    size_t removed = 0, rounds = 0;
    while (s.expiring() != 0) {
        size_t n = s.sweep(start + 1ms, 64);
        BOOST_TEST(n <= 64u);
        removed += n;
        BOOST_REQUIRE(++rounds < 200);
    }
    BOOST_TEST(removed == 500u);
    BOOST_TEST(s.size() == 500u);
    for (size_t i = 0; i < 1000; i += 2) BOOST_REQUIRE(s.find(key(numbered(i)), start));
}

BOOST_AUTO_TEST_CASE(a_sweep_finds_what_a_resize_has_not_moved_yet) {
    for (size_t expiring = 0; expiring < 769; expiring += 40) {
        store s;
        // The last of them begins a resize.
        for (size_t i = 0; i < 769; ++i)
            s.set(key(numbered(i)), "v", i == expiring ? start + 1ms : never, start);
        for (int round = 0; round < 100; ++round) s.sweep(start + 1ms, 64);
        BOOST_TEST(s.expiring() == 0u);
        BOOST_TEST(s.size() == 768u);
    }
}

BOOST_AUTO_TEST_CASE(memory_beyond_the_budget_is_told) {
    store s(100'000);
    BOOST_TEST(!s.full());
    s.set(key("k"), std::string(200'000, 'v'), never, start);
    BOOST_TEST(s.full());
    s.erase(*s.find(key("k"), start));
    BOOST_TEST(!s.full());
    BOOST_TEST(!store(0).full());
}

BOOST_AUTO_TEST_CASE(clearing_frees_everything) {
    store s;
    for (size_t i = 0; i < 1000; ++i) s.set(key(numbered(i)), std::string(i, 'v'), start + 1s, start);
    s.clear();
    BOOST_TEST(s.size() == 0u);
    BOOST_TEST(s.bytes() == 0u);
    BOOST_TEST(s.expiring() == 0u);
    BOOST_TEST(s.find(key("key:1"), start) == nullptr);
    s.set(key("a"), "1", never, start);
    BOOST_TEST(s.size() == 1u);
}

BOOST_AUTO_TEST_CASE(memory_shrinks_with_the_number_of_keys) {
    store s;
    for (size_t i = 0; i < 20'000; ++i) s.set(key(numbered(i)), "v", never, start);
    uint64_t most = s.bytes();
    for (size_t i = 100; i < 20'000; ++i) s.erase(*s.find(key(numbered(i)), start));
    BOOST_TEST(s.bytes() < most / 8);
    for (size_t i = 0; i < 100; ++i) BOOST_REQUIRE(s.find(key(numbered(i)), start));
}

BOOST_AUTO_TEST_CASE(it_behaves_like_a_map_through_every_resize) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        std::mt19937 rng(seed);
        store s;
        std::map<std::string, std::string> model;
        for (int step = 0; step < 30'000; ++step) {
            // Phases of growth and of shrinking.
            bool growing = step / 6000 % 2 == 0;
            std::string k = numbered(rng() % 4000);
            if (rng() % 10 < (growing ? 8u : 1u)) {
                model[k] = std::string(rng() % 80, char('a' + rng() % 26));
                s.set(key(k), model[k], never, start);
            } else if (slot* e = s.find(key(k), start)) {
                BOOST_REQUIRE(model.erase(k) == 1);
                s.erase(*e);
            }
            std::string other = numbered(rng() % 4000);
            slot* e = s.find(key(other), start);
            auto expected = model.find(other);
            BOOST_REQUIRE((e != nullptr) == (expected != model.end()));
            if (e) BOOST_REQUIRE(e->value() == expected->second);
        }
        BOOST_TEST(s.size() == model.size());
        for (const auto& [k, v] : model) BOOST_REQUIRE(s.find(key(k), start)->value() == v);
    }
}

BOOST_AUTO_TEST_CASE(keys_spread_evenly_over_shards) {
    size_t counts[4] = {};
    for (size_t i = 0; i < 40'000; ++i) ++counts[shard_of(key(numbered(i)).hash, 4)];
    for (size_t n : counts) BOOST_TEST((n > 9'500 && n < 10'500));
    BOOST_TEST(shard_of(~0ull, 3) == 2u);
    BOOST_TEST(shard_of(0, 3) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
