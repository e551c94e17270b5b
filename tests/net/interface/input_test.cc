// The short way of plain segments and the long way of all other frames must not differ in what they let
// through, drop and count. A frame in two buffers takes the long one.
#include "net/interface.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;

namespace {

constexpr uint64_t seed = 20'261'122;

void check_same(const recorder::received& a, const recorder::received& b) {
    BOOST_TEST_REQUIRE(a.bytes == b.bytes);
    BOOST_TEST_REQUIRE((a.source == b.source));
    BOOST_TEST_REQUIRE((a.destination == b.destination));
    BOOST_TEST_REQUIRE(a.flow_hash == b.flow_hash);
    BOOST_TEST_REQUIRE((a.congestion == b.congestion));
}

// Two hosts that get the same frames, one of them never in one buffer.
struct pair_of_hosts {
    explicit pair_of_hosts(const interface_config& c = config()) : short_way(c), long_way(c) {
        short_way.settle();
        long_way.settle();
    }

    // What both made of a frame of at least 41 bytes; a part of it must be behind the headers.
    void both_receive(const std::string& frame, checksum_verdict ip = checksum_verdict::unknown,
                      checksum_verdict l4 = checksum_verdict::unknown) {
        packet whole, split;
        whole.head = buffer::copy_of(frame);
        split.head = buffer::copy_of(frame.substr(0, frame.size() - 1));
        split.fragments.push_back(buffer::copy_of(frame.substr(frame.size() - 1)));
        whole.ip_checksum = split.ip_checksum = ip;
        whole.l4_checksum = split.l4_checksum = l4;
        short_way.queue.arrive(std::move(whole));
        long_way.queue.arrive(std::move(split));
        // What an ICMP error quotes of the frame ends with its first buffer.
        BOOST_TEST_REQUIRE(short_way.turn().size() == long_way.turn().size());
        compare();
    }

    void compare() {
        auto &a = short_way.upper.datagrams, &b = long_way.upper.datagrams;
        BOOST_TEST_REQUIRE(a.size() == b.size());
        for (size_t i = 0; i < a.size(); ++i) check_same(a[i], b[i]);
        delivered += a.size();
        a.clear();
        b.clear();
        for (size_t r = 0; r < drop_reason_count; ++r) {
            const auto why = drop_reason(r);
            BOOST_TEST_REQUIRE(short_way.dropped(why) == long_way.dropped(why), name_of(why));
        }
        const interface_counters &s = short_way.net.counters(), &l = long_way.net.counters();
        BOOST_TEST_REQUIRE(s.packets_in == l.packets_in);
        BOOST_TEST_REQUIRE(s.tcp_in == l.tcp_in);
        BOOST_TEST_REQUIRE(s.udp_in == l.udp_in);
        BOOST_TEST_REQUIRE(s.icmp_in == l.icmp_in);
        BOOST_TEST_REQUIRE(s.fragments_in == l.fragments_in);
    }

    host short_way, long_way;
    size_t delivered = 0;
};

std::string segment_frame(millrace::random& rng) {
    const ipv4_address source(10, 0, 0, uint8_t(rng.chance(0.9) ? 2 + rng.below(3) : rng.next()));
    const std::string payload(60 + rng.below(80), char(rng.next()));
    return ip_frame({.source = source, .tos = unsigned(rng.below(4)), .dont_fragment = rng.chance(0.5)},
                    wire_test::tcp(source, our_ip, unsigned(rng.below(65536)), 80, payload));
}

// Flips, overwrites or pads somewhere, mostly in the headers, and mends the checksums often enough for the
// mutation to be seen.
void mutate(std::string& frame, millrace::random& rng) {
    static constexpr unsigned char edges[] = {0, 1, 6, 17, 0x20, 0x40, 0x45, 0x46, 0x7f, 0x80, 0xe0, 0xff};
    const size_t at = rng.below(rng.chance(0.9) ? 54 : frame.size());
    switch (rng.below(4)) {
        case 0:
            frame[at] ^= char(1u << rng.below(8));
            break;
        case 1:
            frame[at] = char(edges[rng.below(std::size(edges))]);
            break;
        case 2:
            frame += std::string(1 + rng.below(9), '\xee');
            break;
        case 3:
            frame.replace(16, 2, u16(unsigned(frame.size() - 14 + rng.below(5)) - 2));
            break;
    }
    if (rng.chance(0.8)) {
        frame.replace(24, 2, u16(0));
        frame.replace(24, 2, u16(checksum(std::string_view(frame).substr(14, 20))));
    }
    if (rng.chance(0.5)) {
        const size_t size = std::min<size_t>(u16_at(frame, 16), frame.size() - 14) - 20;
        if (size > 20 && size < frame.size()) {
            frame.replace(34 + 16, 2, u16(0));
            const std::string covered = frame.substr(26, 8) + u8(0) + frame.substr(23, 1) +
                                        u16(unsigned(size)) + frame.substr(34, size);
            frame.replace(34 + 16, 2, u16(checksum(covered)));
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(mutated_segments_fare_the_same_on_both_ways) {
    BOOST_TEST_MESSAGE("seed " << seed);
    millrace::random rng(seed);
    pair_of_hosts hosts;
    constexpr size_t frames = 60'000;
    for (size_t i = 0; i < frames; ++i) {
        std::string frame = segment_frame(rng);
        for (uint64_t n = rng.below(3); n > 0; --n) mutate(frame, rng);
        // Datagrams of other protocols may be told apart by how many buffers they came in.
        if (frame[23] == 17) continue;
        hosts.both_receive(frame);
    }
    // Both ends were seen.
    BOOST_TEST(hosts.delivered > frames / 4);
    const auto& drops = hosts.short_way.net.drops();
    for (drop_reason why :
         {drop_reason::frame_not_for_us, drop_reason::frame_bad_source, drop_reason::ip_bad_version,
          drop_reason::ip_bad_header_length, drop_reason::ip_bad_length, drop_reason::ip_bad_checksum,
          drop_reason::ip_not_for_us, drop_reason::ip_bad_source, drop_reason::l4_bad_checksum,
          drop_reason::protocol_unknown})
        BOOST_TEST(drops[why] > 0u, name_of(why));
}

BOOST_AUTO_TEST_CASE(every_bit_of_the_headers_flipped_fares_the_same_on_both_ways) {
    pair_of_hosts hosts;
    const std::string good = tcp_frame(1234, 80, std::string(30, 'x'));
    for (const bool mended : {false, true}) {
        for (size_t bit = 0; bit < (14 + 20 + 20) * 8; ++bit) {
            std::string frame = good;
            frame[bit / 8] ^= char(1u << bit % 8);
            if (mended) {
                frame.replace(24, 2, u16(0));
                frame.replace(24, 2, u16(checksum(std::string_view(frame).substr(14, 20))));
            }
            if (frame[23] != 17) hosts.both_receive(frame);
        }
    }
    BOOST_TEST(hosts.delivered > 0u);
}

BOOST_AUTO_TEST_CASE(verdicts_of_the_device_count_the_same_on_both_ways) {
    using enum checksum_verdict;
    for (const bool verify : {true, false}) {
        auto c = config();
        c.verify_checksums = verify;
        pair_of_hosts hosts(c);
        const std::string good = tcp_frame(1234, 80, std::string(30, 'x'));
        std::string bad_ip = good, bad_tcp = good;
        bad_ip[14 + 8] ^= 1;
        bad_tcp[60] ^= 1;
        for (const std::string& frame : {good, bad_ip, bad_tcp})
            for (checksum_verdict ip : {unknown, checksum_verdict::good, bad})
                for (checksum_verdict l4 : {unknown, checksum_verdict::good, bad})
                    hosts.both_receive(frame, ip, l4);
        BOOST_TEST(hosts.delivered > 0u);
        BOOST_TEST(hosts.short_way.dropped(drop_reason::ip_bad_checksum) > 0u);
        BOOST_TEST(hosts.short_way.dropped(drop_reason::l4_bad_checksum) > 0u);
    }
}

// The short way remembers the last source; another one must not profit by it.
BOOST_AUTO_TEST_CASE(sources_in_turn_are_judged_and_hashed_each_by_itself) {
    pair_of_hosts hosts;
    const ipv4_address sources[] = {peer_ip,
                                    our_ip,
                                    far_ip,
                                    router_ip,
                                    peer_ip,
                                    ipv4_address(),
                                    ipv4_address(10, 0, 0, 255),
                                    far_ip,
                                    ipv4_address(127, 0, 0, 1),
                                    peer_ip};
    for (const ipv4_address source : sources)
        hosts.both_receive(
            ip_frame({.source = source}, wire_test::tcp(source, our_ip, 1234, 80, std::string(30, 'x'))));
    BOOST_TEST(hosts.delivered == 6u);
    BOOST_TEST(hosts.short_way.dropped(drop_reason::ip_bad_source) == 4u);
}

BOOST_AUTO_TEST_CASE(a_hash_of_the_devices_is_taken_over) {
    host h;
    packet p;
    p.head = buffer::copy_of(tcp_frame(1234, 80, "x"));
    p.has_flow_hash = true;
    p.flow_hash = 0xabcd1234;
    h.queue.arrive(std::move(p));
    h.turn();
    BOOST_TEST_REQUIRE(h.upper.datagrams.size() == 1u);
    BOOST_TEST(h.upper.datagrams[0].flow_hash == 0xabcd1234);
}

BOOST_AUTO_TEST_SUITE_END()
