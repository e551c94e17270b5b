// Blocks of equal size in large pieces of memory.
#include "core/smp/slab_heap.hh"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

using millrace::slab_heap;

namespace {

std::vector<char*> blocks_of(void* chain) {
    std::vector<char*> all;
    for (void* b = chain; b; std::memcpy(&b, b, sizeof b)) all.push_back(static_cast<char*>(b));
    return all;
}

void give_back(void* block) {
    std::memset(block, 0, sizeof(void*));
    slab_heap::give_back(block);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(smp)

BOOST_AUTO_TEST_CASE(blocks_are_as_many_as_asked_for_and_do_not_overlap) {
    const size_t before = slab_heap::bytes_out();
    const auto blocks = blocks_of(slab_heap::take(768, 10'000));
    BOOST_TEST(blocks.size() == 10'000u);
    BOOST_TEST(slab_heap::bytes_out() - before == 768 * blocks.size());
    std::set<char*> sorted(blocks.begin(), blocks.end());
    char* last = nullptr;
    for (char* b : sorted) {
        BOOST_REQUIRE(slab_heap::has(b));
        BOOST_REQUIRE(reinterpret_cast<uintptr_t>(b) % 64 == 0u);
        BOOST_REQUIRE((!last || b - last >= 768));
        last = b;
    }
    for (char* b : blocks) give_back(b);
    BOOST_TEST(slab_heap::bytes_out() == before);
    int other = 0;
    BOOST_TEST(!slab_heap::has(&other));
    BOOST_TEST(!slab_heap::has(nullptr));
}

BOOST_AUTO_TEST_CASE(what_came_back_is_given_out_again_and_empty_pieces_are_given_up) {
    std::mt19937_64 rng(1);
    std::vector<char*> held;
    for (int round = 0; round < 200; ++round) {
        const auto more = blocks_of(slab_heap::take(256, rng() % 5000));
        held.insert(held.end(), more.begin(), more.end());
        for (char* b : more) std::memset(b, round, 256);
        std::shuffle(held.begin(), held.end(), rng);
        for (size_t n = rng() % (held.size() + 1); n > 0; --n, held.pop_back()) give_back(held.back());
        const std::set<char*> distinct(held.begin(), held.end());
        BOOST_REQUIRE(distinct.size() == held.size());
    }
    for (char* b : held) give_back(b);
    // Of each size that was ever in use, one.
    BOOST_TEST(slab_heap::bytes_held() <= 2 * slab_heap::piece_bytes);
}

BOOST_AUTO_TEST_CASE(blocks_may_come_back_on_any_thread) {
    const size_t before = slab_heap::bytes_out();
    std::vector<char*> from_there;
    std::thread([&] { from_there = blocks_of(slab_heap::take(512, 9000)); }).join();
    const auto from_here = blocks_of(slab_heap::take(512, 9000));
    std::thread([&] {
        for (char* b : from_here) give_back(b);
    }).join();
    for (char* b : from_there) give_back(b);
    BOOST_TEST(slab_heap::bytes_out() == before);
}

BOOST_AUTO_TEST_SUITE_END()
