// The frame cache: what is freed is used again, up to a limit.
#include "core/frame_cache.hh"

#include "tests/support/allocations.hh"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <thread>
#include <vector>

using namespace millrace;

namespace {
// One size class per test, as they share the thread's cache.
constexpr size_t size_of_class(size_t index) {
    return index * frame_cache::granule;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(freed_block_is_the_next_one_of_its_class) {
    void* first = frame_cache::allocate(size_of_class(3));
    frame_cache::free(first, size_of_class(3));
    uint64_t allocated = test::allocations_of([&] {
        void* second = frame_cache::allocate(size_of_class(3) - 5);
        BOOST_CHECK(second == first);
        std::memset(second, 1, size_of_class(3) - 5);
        frame_cache::free(second, size_of_class(3) - 5);
    });
    BOOST_TEST(allocated == 0u);
}

BOOST_AUTO_TEST_CASE(classes_do_not_mix) {
    void* small = frame_cache::allocate(size_of_class(4));
    frame_cache::free(small, size_of_class(4));
    void* large = frame_cache::allocate(size_of_class(5));
    BOOST_CHECK(large != small);
    frame_cache::free(large, size_of_class(5));
}

BOOST_AUTO_TEST_CASE(large_blocks_are_not_kept) {
    auto work = [] { frame_cache::free(frame_cache::allocate(100'000), 100'000); };
    work();
    BOOST_TEST(test::allocations_of(work) == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_bounded) {
    constexpr size_t size = size_of_class(32);
    constexpr size_t kept = frame_cache::kept_bytes_per_class / size;
    std::vector<void*> blocks;
    blocks.reserve(2 * kept);
    const auto held = [] { return test::allocated_bytes() + frame_cache::large_page_bytes(); };
    auto fill = [&] {
        const size_t before = held();
        for (size_t i = 0; i < 2 * kept; ++i) blocks.push_back(frame_cache::allocate(size));
        BOOST_TEST(held() >= before + kept * size);
        for (void* b : blocks) frame_cache::free(b, size);
        blocks.clear();
    };
    const size_t before = held();
    for (int i = 0; i < 3; ++i) {
        fill();
        BOOST_TEST(held() - before >= frame_cache::kept_bytes_per_class - size);
        BOOST_TEST(held() - before <= frame_cache::kept_bytes_per_class * 17 / 16);  // the heap's own share
    }
}

// Small processes take no large page, and large ones most of their blocks from there.
BOOST_AUTO_TEST_CASE(many_blocks_of_a_size_lie_in_large_pages) {
    constexpr size_t size = size_of_class(20);
    constexpr size_t first = frame_cache::malloc_bytes_per_class / size;
    std::vector<void*> blocks;
    const size_t before = frame_cache::large_page_bytes();
    for (size_t i = 0; i < first; ++i) blocks.push_back(frame_cache::allocate(size));
    BOOST_TEST(frame_cache::large_page_bytes() == before);
    for (size_t i = 0; i < 10 * first; ++i) {
        blocks.push_back(frame_cache::allocate(size));
        std::memset(blocks.back(), int(i), size);
    }
    if (!sanitizer::watches_addresses) {
        BOOST_TEST(frame_cache::large_page_bytes() - before >= 10 * first * size);
        BOOST_TEST(frame_cache::large_page_bytes() - before <= 11 * first * size);
        for (size_t i = first; i < blocks.size(); ++i)
            BOOST_TEST(reinterpret_cast<uintptr_t>(blocks[i]) % 64 == 0u);
    }
    for (void* b : blocks) frame_cache::free(b, size);
    BOOST_TEST(frame_cache::large_page_bytes() - before <= frame_cache::kept_bytes_per_class);
}

BOOST_AUTO_TEST_CASE(block_may_be_freed_by_another_thread_and_goes_with_it) {
    void* block = frame_cache::allocate(size_of_class(6));
    std::thread([block] {
        frame_cache::free(block, size_of_class(6));
        BOOST_CHECK(frame_cache::allocate(size_of_class(6)) == block);
        frame_cache::free(block, size_of_class(6));
    }).join();
}

BOOST_AUTO_TEST_CASE(what_the_heap_was_asked_for_is_counted) {
    const uint64_t before = frame_cache::heap_allocations();
    void* large = frame_cache::allocate(frame_cache::largest + 1);
    void* fresh = frame_cache::allocate(size_of_class(7));
    BOOST_TEST(frame_cache::heap_allocations() - before == 2u);
    frame_cache::free(large, frame_cache::largest + 1);
    frame_cache::free(fresh, size_of_class(7));
    frame_cache::free(frame_cache::allocate(size_of_class(7)), size_of_class(7));
    BOOST_TEST(frame_cache::heap_allocations() - before == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
