#include "net/ipv4/reassembly.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;

namespace {

struct bench {
    explicit bench(reassembly_settings s = {}, uint64_t limit = memory_budget::default_limit)
        : memory(limit), frags(s, memory, drops) {}

    std::optional<reassembly::datagram> add(std::string_view whole, size_t begin, size_t end, uint16_t id = 1,
                                            ecn congestion = ecn::not_capable) {
        ipv4_header h;
        h.congestion = congestion;
        h.source = peer_ip;
        h.destination = our_ip;
        h.id = id;
        h.protocol = 17;
        h.fragment_offset = uint16_t(begin);
        h.more_fragments = end < whole.size();
        auto piece = whole.substr(begin, end - begin);
        return frags.add(h, {reinterpret_cast<const uint8_t*>(piece.data()), piece.size()}, now);
    }

    memory_budget memory;
    drop_counters drops;
    reassembly frags;
    time_point now{1s};
};

std::string pattern(size_t n) {
    std::string s(n, '\0');
    for (size_t i = 0; i < n; ++i) s[i] = char(i * 31 + i / 256);
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// RFC 815: in whatever order they come, and however often.
BOOST_AUTO_TEST_CASE(fragments_in_any_order_become_the_datagram) {
    std::string whole = pattern(4001);
    std::mt19937_64 r(5);
    for (int round = 0; round < 100; ++round) {
        bench b;
        std::vector<std::pair<size_t, size_t>> pieces;
        for (size_t at = 0; at < whole.size();) {
            size_t n = std::min(whole.size() - at, size_t(8 * (1 + r() % 100)));
            pieces.push_back({at, at + n});
            at += n;
        }
        auto twice = pieces;
        pieces.insert(pieces.end(), twice.begin(), twice.end());
        std::shuffle(pieces.begin(), pieces.end(), r);
        std::optional<reassembly::datagram> d;
        for (auto [begin, end] : pieces) {
            d = b.add(whole, begin, end);
            if (d) break;
        }
        BOOST_TEST_REQUIRE(d.has_value());
        BOOST_TEST(d->payload.view() == whole);
        BOOST_TEST(d->header.total_bytes == whole.size() + 20);
        BOOST_TEST(!d->header.is_fragment());
        BOOST_TEST(d->payload.headroom() >= 34u);
        BOOST_TEST(b.frags.bytes() == 0u);
        BOOST_TEST(b.drops.total() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(datagrams_are_told_apart_by_id) {
    bench b;
    std::string one = pattern(1600), two = std::string(1600, 'b');
    BOOST_TEST(!b.add(one, 0, 800, 1).has_value());
    BOOST_TEST(!b.add(two, 0, 800, 2).has_value());
    BOOST_TEST(b.add(one, 800, 1600, 1)->payload.view() == one);
    BOOST_TEST(b.add(two, 800, 1600, 2)->payload.view() == two);
}

// RFC 5722 §4: the whole datagram is given up, and what else comes of it.
BOOST_AUTO_TEST_CASE(overlapping_fragments_condemn_their_datagram) {
    std::string whole = pattern(2400), other = std::string(2400, 'z');
    bench b;
    b.add(whole, 0, 800);
    BOOST_TEST(!b.add(other, 792, 1600).has_value());
    BOOST_TEST(!b.add(whole, 800, 1600).has_value());
    BOOST_TEST(!b.add(whole, 1600, 2400).has_value());
    BOOST_TEST(b.drops[drop_reason::fragment_overlap] == 4u);
    BOOST_TEST(b.frags.bytes() == 0u);
    // Its time over, the id may be used again.
    b.frags.service(b.now += 30s);
    for (size_t at : {0, 800}) BOOST_TEST(!b.add(whole, at, at + 800).has_value());
    BOOST_TEST(b.add(whole, 1600, 2400).has_value());
}

BOOST_AUTO_TEST_CASE(contradictions_about_the_end_condemn_too) {
    std::string whole = pattern(2400);
    {
        bench b;
        b.add(whole, 1600, 2400);
        BOOST_TEST(!b.add(pattern(4000), 2400, 3200).has_value());  // beyond the last
        BOOST_TEST(b.drops[drop_reason::fragment_overlap] == 2u);
    }
    {
        bench b;
        b.add(whole, 1600, 2392);
        BOOST_TEST(!b.add(whole.substr(0, 1600), 800, 1600).has_value());  // a last one before others
        BOOST_TEST(b.drops[drop_reason::fragment_overlap] == 2u);
    }
}

BOOST_AUTO_TEST_CASE(fragments_that_cannot_be_are_refused) {
    bench b;
    std::string whole = pattern(70'000);
    b.add(whole, 0, 0);
    b.add(whole, 0, 9);          // not a multiple of 8, and not the last
    b.add(whole, 65528, 65536);  // beyond what a length can say
    BOOST_TEST(b.drops[drop_reason::fragment_malformed] == 3u);
    BOOST_TEST(b.frags.size() == 0u);
}

// RFC 1122 §3.3.2.
BOOST_AUTO_TEST_CASE(a_datagram_not_completed_in_time_is_forgotten_and_told) {
    bench b;
    std::string whole = pattern(2400);
    b.add(whole, 0, 800, 1);
    b.add(whole, 800, 1600, 2);
    BOOST_TEST((b.frags.next_deadline() == b.now + 30s));
    BOOST_TEST(b.frags.service(b.now + 29s).empty());
    auto expired = b.frags.service(b.now + 30s);
    BOOST_TEST_REQUIRE(expired.size() == 1u);  // only the one whose first fragment came
    BOOST_TEST(expired[0].header.id == 1);
    BOOST_TEST(std::string(expired[0].first_bytes.begin(), expired[0].first_bytes.end()) ==
               whole.substr(0, 8));
    BOOST_TEST(b.drops[drop_reason::fragment_timeout] == 2u);
    BOOST_TEST(b.frags.bytes() == 0u);
    BOOST_TEST((b.frags.next_deadline() == never));
}

BOOST_AUTO_TEST_CASE(a_flood_of_first_fragments_stays_within_the_limits) {
    reassembly_settings s;
    s.datagrams = 16;
    s.bytes = 100'000;
    bench b(s);
    std::string whole = pattern(65'000);
    for (uint16_t id = 0; id < 5000; ++id) {
        b.add(whole, id % 3 ? 0 : 60'000, id % 3 ? 800 : 60'800, id);
        BOOST_TEST_REQUIRE(b.frags.size() <= 16u);
        BOOST_TEST_REQUIRE(b.frags.bytes() <= 100'000u);
    }
    BOOST_TEST(b.drops[drop_reason::fragment_limit] > 4900u);
}

BOOST_AUTO_TEST_CASE(too_many_fragments_condemn_their_datagram) {
    reassembly_settings s;
    s.fragments = 10;
    bench b(s);
    std::string whole = pattern(800);
    for (size_t at = 0; at < whole.size(); at += 8) BOOST_TEST(!b.add(whole, at, at + 8).has_value());
    BOOST_TEST(b.drops[drop_reason::fragment_limit] == 11u);
    BOOST_TEST(b.drops[drop_reason::fragment_overlap] == 89u);
}

BOOST_AUTO_TEST_CASE(a_datagram_larger_than_the_whole_budget_is_refused) {
    reassembly_settings s;
    s.bytes = 1000;
    bench b(s);
    std::string whole = pattern(2400);
    b.add(whole, 0, 800);
    b.add(whole, 1600, 2400);
    BOOST_TEST(b.drops[drop_reason::fragment_limit] == 2u);
    BOOST_TEST(b.frags.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(fragments_are_the_first_to_go_without_memory) {
    bench b({}, 100'000);
    std::string whole = pattern(2400);
    b.memory.set(memory_use::unread, 49'000);
    BOOST_TEST(!b.add(whole, 0, 800).has_value());
    BOOST_TEST(b.memory.used(memory_use::fragments) == 800u);
    BOOST_TEST(!b.add(whole, 800, 1600).has_value());  // beyond half of all memory
    BOOST_TEST(b.memory.refused(memory_use::fragments) == 1u);
    BOOST_TEST(b.memory.used(memory_use::fragments) == 0u);
    // And when there is some again, they come together as before.
    b.memory.set(memory_use::unread, 0);
    for (size_t at = 0; at < 1600; at += 800) b.add(whole, at, at + 800, 2);
    BOOST_TEST(b.add(whole, 1600, 2400, 2).has_value());
    BOOST_TEST(b.memory.used(memory_use::fragments) == 0u);
}

// RFC 3168 §5.3.
BOOST_AUTO_TEST_CASE(a_mark_on_one_fragment_is_a_mark_on_the_datagram) {
    const std::string whole = pattern(48);
    const auto combine = [&](ecn first, ecn second) -> std::optional<ecn> {
        bench b;
        b.add(whole, 0, 24, 1, first);
        const auto d = b.add(whole, 24, 48, 1, second);
        BOOST_TEST(b.drops[drop_reason::fragment_ecn_mixed] == (d ? 0u : 2u));
        BOOST_TEST(b.frags.size() == 0u);
        return d ? std::optional(d->header.congestion) : std::nullopt;
    };
    constexpr ecn ce = ecn::congestion_experienced;
    for (ecn e : {ecn::ect0, ecn::ect1}) {
        BOOST_TEST((combine(e, ce) == ce));
        BOOST_TEST((combine(ce, e) == ce));
        BOOST_TEST((combine(e, e) == e));
    }
    BOOST_TEST((combine(ce, ce) == ce));
    BOOST_TEST((combine(ecn::not_capable, ecn::not_capable) == ecn::not_capable));
    BOOST_TEST(!combine(ecn::not_capable, ce));
    BOOST_TEST(!combine(ce, ecn::not_capable));
}

BOOST_AUTO_TEST_SUITE_END()
