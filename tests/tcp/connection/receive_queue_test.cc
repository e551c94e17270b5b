#include "tcp/connection/receive_queue.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace {

// As a device hands it over: `text` in the middle of its own 2 KiB.
buffer received(std::string_view text) {
    buffer frame = buffer::allocate(2048);
    std::memcpy(frame.mutable_data() + 54, text.data(), text.size());
    return frame.share(54, text.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

// RFC 9293 §3.9.1.3.
BOOST_AUTO_TEST_CASE(a_payload_is_read_in_the_buffer_it_came_in) {
    receive_queue q;
    buffer b = received("hello");
    const char* memory = b.data();
    q.push(std::move(b));
    BOOST_TEST(q.bytes() == 5u);
    BOOST_TEST(q.memory() == 2048u);
    buffer out = q.pop();
    BOOST_TEST((out.data() == memory));
    BOOST_TEST(q.memory() == 0u);
    BOOST_TEST(q.pop().empty());
}

BOOST_AUTO_TEST_CASE(tiny_payloads_nobody_reads_are_copied_together) {
    receive_queue q;
    std::string all, got;
    for (int i = 0; i < 10000; ++i) {
        all += char('a' + i % 26);
        q.push(received(all.substr(all.size() - 1)));
    }
    BOOST_TEST(q.bytes() == 10000u);
    BOOST_TEST(q.memory() < 20000u);
    while (buffer b = q.pop()) got.append(b.view());
    BOOST_TEST(got == all);
    BOOST_TEST(q.memory() == 0u);
}

// A datagram of 64 KiB put together from fragments, most of whose bytes were received before.
BOOST_AUTO_TEST_CASE(what_is_left_of_a_huge_segment_may_be_larger_than_a_chunk) {
    receive_queue q;
    q.push(received("small"));
    const buffer whole = buffer::copy_of(std::string(50000, 'o') + std::string(10000, 'n'));
    q.push(whole.share(50000, 10000));
    q.push(received("more"));
    BOOST_TEST(q.bytes() == 10009u);
    std::string got;
    while (buffer b = q.pop()) got.append(b.view());
    BOOST_TEST(got == "small" + std::string(10000, 'n') + "more");
    BOOST_TEST(q.memory() == 0u);
}

BOOST_AUTO_TEST_CASE(compact_copies_only_what_wastes_memory) {
    BOOST_TEST(receive_queue::memory_of(receive_queue::compact(received("tiny"))) == 4u);
    BOOST_TEST(receive_queue::memory_of(receive_queue::compact(received(std::string(1448, 'x')))) == 2048u);
}

BOOST_AUTO_TEST_SUITE_END()
