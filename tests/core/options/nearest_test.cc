#include "core/options/nearest.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(nearest)

BOOST_AUTO_TEST_CASE(distance_counts_letters_inserted_deleted_and_replaced) {
    BOOST_TEST(edit_distance("", "") == 0u);
    BOOST_TEST(edit_distance("abc", "abc") == 0u);
    BOOST_TEST(edit_distance("", "abc") == 3u);
    BOOST_TEST(edit_distance("shard", "shards") == 1u);
    BOOST_TEST(edit_distance("kitten", "sitting") == 3u);
}

BOOST_AUTO_TEST_CASE(a_typing_mistake_finds_its_word) {
    std::vector<std::string> words = {"shards", "listen", "tcp.rto-min", "log"};
    BOOST_TEST(nearest_word("shard", words) == "shards");
    BOOST_TEST(nearest_word("lisetn", words) == "listen");
    BOOST_TEST(nearest_word("rto-min", words) == "tcp.rto-min");
}

BOOST_AUTO_TEST_CASE(something_else_finds_nothing) {
    std::vector<std::string> words = {"shards", "listen"};
    BOOST_TEST(nearest_word("banana", words) == "");
    BOOST_TEST(nearest_word("", words) == "");
    BOOST_TEST(nearest_word(std::string(1000, 's'), words) == "");
}

BOOST_AUTO_TEST_SUITE_END()
