#include "apps/kv/bytes.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace::kv;

BOOST_AUTO_TEST_SUITE(kv_bytes)

BOOST_AUTO_TEST_CASE(bytes_are_the_same_only_if_each_is) {
    for (size_t n = 0; n <= 70; ++n) {
        const std::string a(n, 'x');
        std::string b = a;
        BOOST_TEST(same_bytes(a.data(), b.data(), n));
        for (char& c : b) {
            c = 'y';
            BOOST_TEST(!same_bytes(a.data(), b.data(), n));
            c = 'x';
        }
    }
}

BOOST_AUTO_TEST_CASE(copies_end_where_they_should) {
    for (size_t n = 0; n <= 70; ++n) {
        std::string from, to(n + 1, '.');
        for (size_t i = 0; i < n; ++i) from += char('a' + i % 26);
        copy_bytes(to.data(), from.data(), n);
        BOOST_TEST(to == from + '.');
    }
    char to[] = "................!";
    copy_whole_words(to, "0123456789abcdefgh");
    BOOST_TEST(std::string(to) == "0123456789abcdef!");
}

BOOST_AUTO_TEST_SUITE_END()
