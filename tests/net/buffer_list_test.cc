#include "net/buffer_list.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;

namespace {

// Buffers that count how many of them are there.
struct counted {
    buffer make(char c) {
        ++alive;
        letters[made % sizeof letters] = c;
        return buffer::with_deleter(letters + made++ % sizeof letters, 1, [this] { --alive; });
    }
    buffer_list make_list(size_t n) {
        buffer_list l;
        for (size_t i = 0; i < n; ++i) l.push_back(make(char('a' + i)));
        return l;
    }

    size_t alive = 0;
    size_t made = 0;
    char letters[256];
};

std::string text(const buffer_list& l) {
    std::string s;
    for (const buffer& b : l) s += b.view();
    return s;
}

const std::string letters = "abcdefghijklmnopqrstuvwxyz";

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(buffers_stay_in_order_few_or_many) {
    counted c;
    for (size_t n : {0, 1, 2, 3, 4, 5, 9, 20}) {
        buffer_list l = c.make_list(n);
        BOOST_TEST(l.size() == n);
        BOOST_TEST(l.empty() == (n == 0));
        BOOST_TEST(text(l) == letters.substr(0, n));
        for (size_t i = 0; i < n; ++i) BOOST_TEST(l[i].view() == letters.substr(i, 1));
        if (n) BOOST_TEST(l.back().view() == letters.substr(n - 1, 1));
        BOOST_TEST(c.alive == n);
    }
    BOOST_TEST(c.alive == 0u);
}

BOOST_AUTO_TEST_CASE(a_list_moved_from_is_empty_and_may_be_filled_again) {
    counted c;
    for (size_t from : {0, 1, 2, 3, 8}) {
        for (size_t to : {0, 1, 2, 3, 8}) {
            buffer_list a = c.make_list(from), b = c.make_list(to);
            b = std::move(a);
            BOOST_TEST(text(b) == letters.substr(0, from));
            BOOST_TEST(a.empty());
            BOOST_TEST(c.alive == from);
            for (int i = 0; i < 3; ++i) a.push_back(c.make('z'));
            BOOST_TEST(text(a) == "zzz");
            buffer_list d(std::move(b));
            BOOST_TEST(text(d) == letters.substr(0, from));
            BOOST_TEST(b.empty());
        }
    }
    BOOST_TEST(c.alive == 0u);
}

BOOST_AUTO_TEST_CASE(a_truncated_list_keeps_its_first_buffers) {
    counted c;
    for (size_t n : {1, 2, 3, 8}) {
        for (size_t left = 0; left <= n; ++left) {
            buffer_list l = c.make_list(n);
            l.truncate(left);
            BOOST_TEST(text(l) == letters.substr(0, left));
            BOOST_TEST(c.alive == left);
            l.push_back(c.make('z'));
            BOOST_TEST(text(l) == letters.substr(0, left) + "z");
            l.clear();
            BOOST_TEST(l.empty());
            BOOST_TEST(c.alive == 0u);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
