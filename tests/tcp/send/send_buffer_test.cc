#include "tcp/send/send_buffer.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace {

std::string text(const outgoing_payload& p) {
    std::string s;
    for (const auto& b : p) s.append(b.view());
    return s;
}
std::string slice(const send_buffer& b, seq at, uint32_t length) {
    outgoing_payload p;
    b.slice(at, length, p);
    return text(p);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(send)

BOOST_AUTO_TEST_CASE(a_large_buffer_is_attached_and_never_copied) {
    send_buffer b(seq(7));
    buffer data = buffer::copy_of(std::string(5000, 'x'));
    const char* memory = data.data();
    b.append(std::move(data), seq(7));
    outgoing_payload p;
    b.slice(seq(1007), 1000, p);
    BOOST_TEST(p.size() == 1u);
    BOOST_TEST((p[0].data() == memory + 1000));
}

BOOST_AUTO_TEST_CASE(a_small_buffer_with_nothing_unsent_before_it_is_attached) {
    send_buffer b(seq(0));
    buffer data = buffer::copy_of("request");
    const char* memory = data.data();
    b.append(std::move(data), seq(0));
    outgoing_payload p;
    b.slice(seq(0), 7, p);
    BOOST_TEST((p[0].data() == memory));
}

BOOST_AUTO_TEST_CASE(small_buffers_that_wait_together_are_gathered) {
    send_buffer b(seq(0));
    std::string all;
    for (int i = 0; i < 50; ++i) {
        all += "message " + std::to_string(i);
        b.append(buffer::copy_of("message " + std::to_string(i)), seq(0));
    }
    outgoing_payload p;
    b.slice(seq(0), b.size(), p);
    BOOST_TEST(p.size() <= 2u);
    BOOST_TEST(text(p) == all);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_the_fragments_of_a_segment_is_copied_into_the_last) {
    send_buffer b(seq(0));
    std::string all;
    for (char c = 'a'; c < 'k'; ++c) {
        all += std::string(600, c);
        b.append(buffer::copy_of(std::string(600, c)), seq(0));
    }
    outgoing_payload p;
    b.slice(seq(100), 5000, p);
    BOOST_TEST(p.size() == outgoing::max_fragments);
    BOOST_TEST(text(p) == all.substr(100, 5000));
}

// What a device still holds must not change when more is written behind it.
BOOST_AUTO_TEST_CASE(text_taken_stays_as_it_was) {
    send_buffer b(seq(0));
    b.append_copy("first");
    outgoing_payload p;
    b.slice(seq(0), 5, p);
    b.append_copy(" second");
    BOOST_TEST(text(p) == "first");
    b.acknowledge(seq(12));
    BOOST_TEST(b.empty());
    BOOST_TEST(text(p) == "first");
}

BOOST_AUTO_TEST_CASE(any_history_gives_the_bytes_of_the_stream) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        std::mt19937_64 rng(seed);
        std::string stream;
        const seq first(0xffffe000u);  // wraps
        send_buffer b(first);
        uint32_t acked = 0, sent = 0;
        for (int i = 0; i < 4000; ++i) {
            const std::string piece(1 + rng() % (i % 50 == 0 ? 9000 : 300), char('a' + i % 26));
            if (rng() % 3 == 0)
                b.append_copy(piece);
            else
                b.append(buffer::copy_of(piece), first + sent);
            stream += piece;
            BOOST_REQUIRE(b.size() == stream.size() - acked);
            if (rng() % 2) {
                const auto n = std::min<uint32_t>(uint32_t(rng() % 3000), uint32_t(stream.size()) - sent);
                BOOST_REQUIRE(slice(b, first + sent, n) == stream.substr(sent, n));
                sent += n;
            }
            if (rng() % 8 == 0 && sent > acked) {  // a retransmission, from anywhere
                const auto at = acked + uint32_t(rng() % (sent - acked));
                const auto n = std::min<uint32_t>(1448, sent - at);
                BOOST_REQUIRE(slice(b, first + at, n) == stream.substr(at, n));
            }
            if (rng() % 4 == 0) {
                acked += uint32_t(rng() % (sent - acked + 1));
                b.acknowledge(first + acked);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
