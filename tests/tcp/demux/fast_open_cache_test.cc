#include "tcp/demux/fast_open_cache.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{100s};

four_tuple to(uint16_t server_port, uint16_t our_port = 4000) {
    return {.local = {net::ipv4_address(10, 0, 0, 1), our_port},
            .remote = {net::ipv4_address(10, 0, 0, 2), server_port}};
}

fast_open_cookie cookie(uint8_t first) {
    fast_open_cookie c;
    c.size = 8;
    c.bytes[0] = first;
    return c;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demux)

BOOST_AUTO_TEST_CASE(an_unknown_server_is_asked_for_a_cookie) {
    fast_open_cache cache(16, 1h, {1, 2});
    const auto o = cache.find(to(80), start);
    BOOST_REQUIRE(o);
    BOOST_TEST(o->cookie.is_request());
    BOOST_TEST(cache.size() == 0u);
}

// RFC 7413 §4.1.3: with the cookie the MSS; §4.1.3.1: of the server's port, whatever ours is.
BOOST_AUTO_TEST_CASE(a_cookie_is_kept_with_the_mss_for_the_servers_port) {
    fast_open_cache cache(16, 1h, {1, 2});
    cache.learn(to(80), cookie(7), 1400);
    const auto o = cache.find(to(80, 4001), start);
    BOOST_TEST((o->cookie == cookie(7)));
    BOOST_TEST(o->mss == 1400u);
    BOOST_TEST(cache.find(to(81), start)->cookie.is_request());
    cache.learn(to(80), cookie(8), 1460);  // the most recent one
    BOOST_TEST((cache.find(to(80), start)->cookie == cookie(8)));
    BOOST_TEST(cache.size() == 1u);
}

// RFC 7413 §4.1.3.1: "disable Fast Open on the specific path ... at least temporarily".
BOOST_AUTO_TEST_CASE(a_blocked_path_is_not_tried_for_a_while) {
    fast_open_cache cache(16, 1h, {1, 2});
    cache.learn(to(80), cookie(7), 1400);
    cache.block(to(80), start);
    BOOST_TEST(!cache.find(to(80), start + 59min));
    BOOST_TEST((cache.find(to(80), start + 60min)->cookie == cookie(7)));
    cache.block(to(80), start);
    cache.learn(to(80), cookie(9), 1400);  // it does answer
    BOOST_TEST((cache.find(to(80), start)->cookie == cookie(9)));
}

BOOST_AUTO_TEST_CASE(it_is_bounded_and_who_was_used_longest_ago_goes) {
    fast_open_cache cache(4, 1h, {1, 2});
    for (uint16_t port = 1; port <= 4; ++port) cache.learn(to(port), cookie(uint8_t(port)), 0);
    (void)cache.find(to(1), start);
    cache.learn(to(5), cookie(5), 0);
    BOOST_TEST(cache.size() == 4u);
    BOOST_TEST(cache.evicted() == 1u);
    BOOST_TEST(cache.find(to(2), start)->cookie.is_request());
    for (uint16_t port : {1, 3, 4, 5})
        BOOST_TEST((cache.find(to(port), start)->cookie == cookie(uint8_t(port))));
}

BOOST_AUTO_TEST_CASE(a_cache_for_nothing_offers_nothing) {
    fast_open_cache cache(0, 1h, {1, 2});
    cache.learn(to(80), cookie(7), 1400);
    cache.block(to(80), start);
    BOOST_TEST(!cache.find(to(80), start));
}

BOOST_AUTO_TEST_SUITE_END()
