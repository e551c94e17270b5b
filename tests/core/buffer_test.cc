// buffer: views of counted storage, and where the storage comes from.
#include "core/buffer.hh"

#include "tests/support/allocations.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(allocated_buffer_has_the_room_that_was_asked_for) {
    buffer b = buffer::allocate(10, 4, 6);
    BOOST_TEST(b.size() == 10u);
    BOOST_TEST(b.headroom() == 4u);
    BOOST_TEST(b.tailroom() == 6u);
    std::memset(b.prepend(4), 'h', 4);
    std::memset(b.append(6), 't', 6);
    BOOST_TEST(b.view().substr(0, 4) == "hhhh");
    BOOST_TEST(b.view().substr(14) == "tttttt");
}

BOOST_AUTO_TEST_CASE(copy_is_of_the_bytes) {
    std::string text = "GET key\r\n";
    buffer b = buffer::copy_of(text);
    text[0] = 'X';
    BOOST_TEST(b.view() == "GET key\r\n");
    BOOST_TEST(buffer::copy_of("").empty());
}

BOOST_AUTO_TEST_CASE(shared_views_keep_the_storage) {
    buffer all = buffer::copy_of("headbody");
    buffer head = all.split_front(4);
    buffer more = all.share(1, 2);
    BOOST_TEST(!all.sole_owner());
    BOOST_TEST(all.tailroom() == 0u);
    all = {};
    head = {};
    BOOST_TEST(more.view() == "od");
    BOOST_TEST(more.sole_owner());
}

BOOST_AUTO_TEST_CASE(small_buffers_cost_no_malloc_when_warm) {
    const std::string text(4096, 'x');
    for (size_t size : {0u, 1u, 33u, 100u, 1000u, 2048u, 4096u}) {
        auto use = [&] {
            buffer b = buffer::copy_of(std::string_view(text).substr(0, size));
            buffer c = b.share();
        };
        use();
        BOOST_TEST(test::allocations_of(use) == 0u, "of " << size << " bytes");
    }
}

BOOST_AUTO_TEST_CASE(large_buffers_go_back_to_the_heap) {
    auto use = [] { buffer b = buffer::allocate(100'000); };
    use();
    BOOST_TEST(test::allocations_of(use) == 1u);
}

BOOST_AUTO_TEST_CASE(deleter_runs_once_after_the_last_view_and_costs_no_malloc_when_warm) {
    char bytes[] = "foreign";
    int released = 0;
    auto use = [&] {
        buffer b = buffer::with_deleter(bytes, 7, [&released] { ++released; });
        buffer c = b.share(3, 2);
        b = {};
        BOOST_CHECK(c.view() == "ei");
    };
    use();
    BOOST_TEST(released == 1);
    BOOST_TEST(test::allocations_of(use) == 0u);
    BOOST_TEST(released == 2);
}

BOOST_AUTO_TEST_CASE(buffer_outlives_the_thread_that_made_it) {
    std::vector<buffer> made;
    std::thread([&made] {
        { buffer opens_the_cache = buffer::copy_of("first"); }
        for (int i = 0; i < 100; ++i) made.push_back(buffer::copy_of("from a thread that has ended"));
    }).join();
    for (const buffer& b : made) BOOST_TEST(b.view() == "from a thread that has ended");
}

namespace {
// Destroyed after the cache of its thread is closed, as it is made before.
struct late {
    buffer held;
    ~late() { BOOST_CHECK(buffer::copy_of(held.view()).view() == "kept to the very end"); }
};
}  // namespace

BOOST_AUTO_TEST_CASE(buffers_may_be_made_and_dropped_while_a_thread_ends) {
    std::thread([] {
        static thread_local late l;
        l.held = buffer::copy_of("kept to the very end");
        { buffer opens_the_cache = buffer::copy_of("short"); }
    }).join();
}

BOOST_AUTO_TEST_SUITE_END()
