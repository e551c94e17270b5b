#include "apps/kv/coming_keys.hh"

#include "core/random.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>

using namespace millrace;
using namespace millrace::kv;

namespace {

// In a block that ends where it ends, so that a sanitizer sees who looks further.
class exact {
 public:
    explicit exact(std::string_view read) : size_(read.size()), bytes_(std::make_unique<char[]>(size_)) {
        std::ranges::copy(read, bytes_.get());
    }
    std::string_view view() const noexcept { return {bytes_.get(), size_}; }

 private:
    size_t size_;
    std::unique_ptr<char[]> bytes_;
};

std::string first_key(std::string_view read) {
    const exact bytes(read);
    return std::string(coming_keys(bytes.view()).next());
}

}  // namespace

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
          "*2\r\n$x\r\nGET\r\n", "*12\r\n$3\r\nDEL\r\n$1\r\nk\r\n", "*2\r\n$9\r\nGE", "*2\r\n$3",
          "*2\r\n$3\r", "*2\r\n$3\r\nGET\r\n$"})
        BOOST_TEST(first_key(read).empty(), read);
}

BOOST_AUTO_TEST_CASE(the_keys_of_all_requests_in_a_pipeline_are_seen_in_order) {
    const std::string read =
        "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
        "*5\r\n$3\r\nSET\r\n$2\r\nbb\r\n$12\r\n*2\r\n$1\r\nx\r\n$\r\n$2\r\nEX\r\n$2\r\n10\r\n"
        "*3\r\n$6\r\nAPPEND\r\n$3\r\nccc\r\n$0\r\n\r\n"
        "*2\r\n$4\r\nINCR\r\n$4\r\ndddd";
    coming_keys keys(read);
    for (const char* expected : {"a", "bb", "ccc", "dddd", "", ""}) BOOST_TEST(keys.next() == expected);
}

BOOST_AUTO_TEST_CASE(behind_a_request_of_another_form_no_more_are_seen) {
    for (const char* other : {"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "PING\r\n", "*1\r\n$4\r\nPING\r\n",
                              "*2\r\n$3\r\nGET\r\n:1\r\n", "\r\n"}) {
        const std::string get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", read = get + other + get;
        coming_keys keys(read);
        BOOST_TEST(keys.next() == "a");
        BOOST_TEST(keys.next().empty(), other);
        BOOST_TEST(keys.next().empty(), other);
    }
}

BOOST_AUTO_TEST_CASE(they_stay_inside_of_what_was_read) {
    millrace::random rng(1);
    const std::string valid =
        "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    for (int i = 0; i < 100'000; ++i) {
        std::string read = valid.substr(0, rng.below(valid.size() + 1));
        for (uint64_t n = rng.below(4); n > 0 && !read.empty(); --n)
            read[rng.below(read.size())] = char(rng.next());
        const exact bytes(read);
        coming_keys keys(bytes.view());
        for (const char* behind = bytes.view().data();;) {
            const std::string_view key = keys.next();
            if (key.empty()) break;
            BOOST_REQUIRE(key.data() > behind);
            behind = key.data() + key.size();
            BOOST_REQUIRE(behind <= bytes.view().data() + read.size());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
