#include "tests/interop/one_way.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace millrace;
using namespace millrace::interop;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(interop)

namespace {

constexpr time_point start(1s);

// An Ethernet frame; its last byte tells it from others.
frame made(unsigned ethertype, uint8_t mark, size_t size = 1514) {
    frame f(size);
    f[12] = std::byte(ethertype >> 8);
    f[13] = std::byte(ethertype);
    f.back() = std::byte(mark);
    return f;
}
frame ipv4(uint8_t mark, size_t size = 1514) {
    return made(0x0800, mark, size);
}
frame arp(uint8_t mark) {
    return made(0x0806, mark, 42);
}

struct arrival {
    duration after;
    uint8_t mark;
    bool operator==(const arrival&) const = default;
};

// All that is on its way.
std::vector<arrival> drain(one_way& w) {
    std::vector<arrival> all;
    while (w.next_arrival() != never) {
        const duration after = w.next_arrival() - start;
        all.push_back({after, uint8_t(w.take().back())});
    }
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(frames_arrive_in_order_after_rate_and_delay) {
    one_way w(1, {.delay = 10ms, .rate_bps = 100'000'000});
    for (uint8_t i = 0; i < 3; ++i) w.put(start, ipv4(i, 1250));
    const std::vector<arrival> wanted{{10'100us, 0}, {10'200us, 1}, {10'300us, 2}};
    BOOST_TEST((drain(w) == wanted));
    BOOST_TEST(w.counters().arrived == 3u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_drops_the_newest) {
    one_way w(1, {.rate_bps = 100'000'000, .queue_packets = 2});
    for (uint8_t i = 0; i < 5; ++i) w.put(start, ipv4(i));
    BOOST_TEST(drain(w).size() == 3u);  // one is being sent
    BOOST_TEST(w.counters().overflowed == 2u);
}

BOOST_AUTO_TEST_CASE(one_seed_drops_the_same_packets_whatever_else_was_said) {
    const net::wire_options lossy{.delay = 1ms, .loss = 0.3};
    one_way plain(7, lossy), chatty(7, lossy), other(8, lossy);
    for (uint8_t i = 0; i < 100; ++i) {
        const time_point t = start + i * 1ms;
        plain.put(t, ipv4(i));
        other.put(t, ipv4(i));
        chatty.put(t, made(0x86dd, i));
        chatty.put(t, ipv4(i));
    }
    const auto arrivals = drain(plain);
    BOOST_TEST(arrivals.size() < 90u);
    BOOST_TEST((drain(chatty) == arrivals));
    BOOST_TEST((drain(other) != arrivals));
    BOOST_TEST(chatty.ignored() == 100u);
}

BOOST_AUTO_TEST_CASE(addresses_are_found_over_any_wire) {
    one_way w(1, {.delay = 5ms, .loss = 1});
    w.put(start, ipv4(1));
    w.put(start, arp(2));
    const std::vector<arrival> wanted{{5ms, 2}};
    BOOST_TEST((drain(w) == wanted));
}

BOOST_AUTO_TEST_CASE(packets_are_overtaken_and_doubled) {
    one_way late(1, {.delay = 1ms, .reorder = 1, .reorder_hold = 5ms});
    for (uint8_t i = 0; i < 50; ++i) late.put(start + i * 1ms, ipv4(i));
    const auto arrivals = drain(late);
    BOOST_TEST(arrivals.size() == 50u);
    BOOST_TEST(!std::is_sorted(arrivals.begin(), arrivals.end(),
                               [](const arrival& x, const arrival& y) { return x.mark < y.mark; }));
    one_way doubled(1, {.duplicate = 1});
    doubled.put(start, ipv4(1));
    BOOST_TEST(drain(doubled).size() == 2u);
}

BOOST_AUTO_TEST_CASE(one_bit_is_flipped) {
    one_way w(1, {.corrupt = 1});
    const frame sent = ipv4(1);
    w.put(start, sent);
    const frame got = w.take();
    unsigned bits = 0;
    for (size_t i = 0; i < sent.size(); ++i) bits += unsigned(__builtin_popcount(unsigned(sent[i] ^ got[i])));
    BOOST_TEST(bits == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_held_is_bounded) {
    one_way w(1, {.delay = 1s}, 10);
    for (uint8_t i = 0; i < 20; ++i) w.put(start, ipv4(i));
    BOOST_TEST(drain(w).size() == 10u);
    BOOST_TEST(w.overloaded() == 10u);
}

BOOST_AUTO_TEST_CASE(longer_than_the_mtu_is_dropped) {
    one_way w(1, {.mtu = 1500});
    w.put(start, ipv4(1, 1515));
    w.put(start, ipv4(2, 1514));
    BOOST_TEST(drain(w).size() == 1u);
    BOOST_TEST(w.counters().too_long == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
