#include "net/checksum.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <vector>

using namespace millrace;
using namespace millrace::net;

namespace {

// RFC 1071 §4.1, word by word.
uint16_t plain_sum(const uint8_t* p, size_t n) {
    uint64_t sum = 0;
    for (; n > 1; p += 2, n -= 2) sum += uint32_t(p[0] | p[1] << 8);
    if (n) sum += *p;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return uint16_t(sum);
}

// 0 and 0xffff are the same number in ones' complement.
bool same(uint32_t a, uint32_t b) {
    return fold(a) % 0xffff == fold(b) % 0xffff;
}

std::vector<uint8_t> random_bytes(size_t n, uint64_t seed) {
    std::mt19937_64 r(seed);
    std::vector<uint8_t> v(n);
    for (auto& b : v) b = uint8_t(r());
    return v;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// RFC 1071 §3.
BOOST_AUTO_TEST_CASE(the_example_of_the_rfc_sums_to_ddf2) {
    const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    BOOST_TEST(__builtin_bswap16(fold(sum_bytes(bytes, sizeof bytes))) == 0xddf2);
}

BOOST_AUTO_TEST_CASE(every_length_and_alignment_agrees_with_word_by_word) {
    const auto bytes = random_bytes(70'000, 1);
    const auto check = [&](size_t at, size_t n) {
        const uint16_t expected = plain_sum(bytes.data() + at, n);
        BOOST_TEST_REQUIRE(same(sum_bytes(bytes.data() + at, n), expected));
        const uint64_t before = 0xfffffffffffffffe - n;
        BOOST_TEST_REQUIRE(fold(add_bytes(before, bytes.data() + at, n)) % 0xffff ==
                           (fold(before) + uint32_t(expected)) % 0xffff);
    };
    for (size_t at = 0; at < 16; ++at) {
        for (size_t n = 0; n < 400; ++n) check(at, n);
        for (size_t n = 400; n < 3000; n += 29) check(at, n);
        for (size_t n : {1023, 1024, 1025, 1087, 1088, 1460, 8960, 65535}) check(at, n);
    }
}

// Nothing behind the bytes is read: the memory ends there.
BOOST_AUTO_TEST_CASE(no_byte_behind_the_last_is_summed) {
    for (size_t n = 0; n < 200; ++n) {
        std::vector<uint8_t> exact(n, 0x11);
        exact.shrink_to_fit();
        BOOST_TEST_REQUIRE(same(sum_bytes(exact.data(), n), plain_sum(exact.data(), n)));
    }
}

BOOST_AUTO_TEST_CASE(all_ones_do_not_lose_a_carry) {
    const std::vector<uint8_t> ones((1 << 20) + 7, 0xff);
    for (size_t n : {64, 1000, 65534, 65535, 1 << 20, (1 << 20) + 7})
        BOOST_TEST(same(fold(add_bytes(~uint64_t(0), ones.data(), n)), plain_sum(ones.data(), n)));
    BOOST_TEST(fold(~uint64_t(0)) == 0xffff);
    BOOST_TEST(fold(0) == 0);
}

// As folding word by word does it; 0 is kept apart from 0xffff, as a checksum's check needs.
BOOST_AUTO_TEST_CASE(folding_brings_every_carry_round) {
    std::mt19937_64 r(3);
    for (int i = 0; i < 100'000; ++i) {
        const uint64_t sum = i < 100 ? 0xffff * uint64_t(i) : r() >> (r() % 64);
        uint64_t slowly = sum;
        while (slowly >> 16) slowly = (slowly & 0xffff) + (slowly >> 16);
        BOOST_TEST_REQUIRE(fold(sum) == slowly);
    }
}

BOOST_AUTO_TEST_CASE(a_packet_in_odd_pieces_sums_as_if_it_were_whole) {
    auto bytes = random_bytes(1000, 2);
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (size_t first : {0, 1, 7, 20, 999}) {
        packet p;
        p.head = buffer::copy_of(text.substr(0, first));
        for (size_t at = first; at < text.size(); at += 333)
            p.fragments.push_back(buffer::copy_of(text.substr(at, 333)));
        BOOST_TEST(same(sum_packet(p), plain_sum(bytes.data(), bytes.size())));
    }
}

// RFC 1624 §4's example: 0x5555 becomes 0x3285 in a header of checksum 0xdd2f.
BOOST_AUTO_TEST_CASE(update_of_one_word_is_that_of_the_rfc) {
    auto swap = [](uint16_t v) { return __builtin_bswap16(v); };
    BOOST_TEST(swap(updated_checksum(swap(0xdd2f), swap(0x5555), swap(0x3285))) == 0x0000);
}

BOOST_AUTO_TEST_CASE(numbers_sum_as_their_bytes_on_the_wire) {
    const uint8_t bytes[] = {10, 1, 2, 3};
    BOOST_TEST(same(sum_of(uint32_t(0x0a010203)), sum_bytes(bytes, 4)));
    BOOST_TEST(same(sum_of(uint16_t(0x0a01)), sum_bytes(bytes, 2)));
    BOOST_TEST(
        same(pseudo_header_sum(ipv4_address(10, 1, 2, 3), ipv4_address(), 6), sum_bytes(bytes, 4) + 0x0600));
}

BOOST_AUTO_TEST_SUITE_END()
