#include "apps/kv/first_key.hh"

#include "core/random.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::kv;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(kv)

BOOST_AUTO_TEST_CASE(the_key_of_a_request_is_seen_before_it_is_parsed) {
    BOOST_TEST(first_key("*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n") == "key:1");
    BOOST_TEST(first_key("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$1\r\nv\r\n") == "key:000000000001");
    BOOST_TEST(first_key("*2\r\n$6\r\nEXISTS\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n") == "k");
    // Its first bytes suffice.
    BOOST_TEST(first_key("*3\r\n$3\r\nSET\r\n$2\r\nab") == "ab");
}

BOOST_AUTO_TEST_CASE(what_is_no_such_request_has_none) {
    for (const char* read :
         {"", "*", "PING\r\n", "GET key\r\n", "*1\r\n$4\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$5\r\nkey",
          "*2\r\n$3\r\nGET\r\n$99999999999999999999999\r\nk\r\n", "*2\r\n$3\r\nGET\r\n$-1\r\n",
          "*2\r\n$x\r\nGET\r\n", "*12\r\n$3\r\nDEL\r\n$1\r\nk\r\n", "*2\r\n$9\r\nGE"})
        BOOST_TEST(first_key(read).empty(), read);
}

BOOST_AUTO_TEST_CASE(it_stays_inside_of_what_was_read) {
    millrace::random rng(1);
    const std::string valid = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$1\r\nv\r\n";
    for (int i = 0; i < 100'000; ++i) {
        std::string read = valid.substr(0, rng.below(valid.size() + 1));
        for (uint64_t n = rng.below(4); n > 0 && !read.empty(); --n)
            read[rng.below(read.size())] = char(rng.next());
        read.shrink_to_fit();
        const std::string_view key = first_key(read);
        if (key.empty()) continue;
        BOOST_REQUIRE(key.data() >= read.data());
        BOOST_REQUIRE(key.data() + key.size() <= read.data() + read.size());
    }
}

BOOST_AUTO_TEST_SUITE_END()
