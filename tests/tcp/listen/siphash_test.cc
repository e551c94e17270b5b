#include "tcp/listen/siphash.hh"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(listen)

// The vectors of the paper's reference code: key 00 01 .. 0f, message 00 01 .. of growing length.
BOOST_AUTO_TEST_CASE(siphash_equals_the_published_vectors) {
    const siphash_key key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    std::vector<uint8_t> message;
    const auto hash_of_length = [&](size_t n) {
        message.clear();
        for (size_t i = 0; i < n; ++i) message.push_back(uint8_t(i));
        return siphash(key, message);
    };
    BOOST_TEST(hash_of_length(0) == 0x726fdb47dd0e0e31u);
    BOOST_TEST(hash_of_length(1) == 0x74f839c593dc67fdu);
    BOOST_TEST(hash_of_length(8) == 0x93f5f5799a932462u);
    BOOST_TEST(hash_of_length(15) == 0xa129ca6149be45e5u);
}

BOOST_AUTO_TEST_CASE(siphash_depends_on_the_key) {
    const uint8_t message[3] = {1, 2, 3};
    BOOST_TEST(siphash({1, 2}, message) != siphash({1, 3}, message));
    BOOST_TEST(siphash({1, 2}, message) != siphash({2, 2}, message));
}

BOOST_AUTO_TEST_SUITE_END()
