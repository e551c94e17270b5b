#include "net/segment_run.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;

namespace {

constexpr unsigned ack = 0x10, ack_and_psh = 0x18, ack_and_cwr = 0x90;
constexpr size_t full = 1448;

std::string text_of(size_t bytes) {
    std::string s(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) s[i] = char(i * 31 >> 3);
    return s;
}

// With timestamps; the checksum is the interface's business.
std::string header_of(uint32_t sequence, unsigned flags) {
    return u16(80) + u16(1234) + u32(sequence) + u32(2000) + u8(0x80) + u8(flags) + u16(500) + u32(0) +
           u32(0x0101080a) + u32(77) + u32(88);
}

device_info cutting_device() {
    device_info info = host::device();
    info.fills_ip_checksum = info.fills_tcp_checksum = true;
    info.cuts_bytes = 65535;
    info.piece_bytes = info.mtu;
    return info;
}

struct sender : host {
    using host::host;

    path new_way() { return net.make_path({}, peer_ip, ip_protocol::tcp).value(); }
    // One that has been used.
    path way() {
        settle();
        path to = new_way();
        sends(to, header_of(1, ack));
        return to;
    }
    size_t send(path& to, std::string_view header, std::string_view text, size_t bytes = full,
                ecn mark = ecn::not_capable) {
        return net.send_run(to,
                            {.header = {reinterpret_cast<const uint8_t*>(header.data()), header.size()},
                             .data = buffer::copy_of(text),
                             .segment_bytes = uint16_t(bytes)},
                            mark);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_runs)

// Byte for byte: sequence numbers, which go round here, PSH in the last only, lengths, ids and both
// checksums.
BOOST_AUTO_TEST_CASE(a_run_is_cut_into_what_would_have_been_sent_one_by_one) {
    for (const bool fills : {false, true}) {
        device_info info = host::device();
        info.fills_tcp_checksum = fills;
        sender as_one(config(), info), one_by_one(config(), info);
        path way = as_one.way(), other = one_by_one.way();
        const uint32_t first = 0u - 2000;
        for (const size_t bytes : {full + 1, 2 * full, 5 * full + 100, segment_run::longest_bytes}) {
            for (const ecn mark : {ecn::not_capable, ecn::ect0}) {
                const std::string text = text_of(bytes);
                std::vector<std::string> expected;
                for (size_t at = 0; at < bytes; at += full) {
                    const unsigned flags = at + full < bytes ? ack : ack_and_psh;
                    const auto sent = one_by_one.sends(
                        other, header_of(first + uint32_t(at), flags) + text.substr(at, full), mark);
                    expected.insert(expected.end(), sent.begin(), sent.end());
                }
                const auto before = as_one.net.counters().packets_out;
                BOOST_TEST(as_one.send(way, header_of(first, ack_and_psh), text, full, mark) ==
                           expected.size());
                BOOST_TEST(as_one.net.counters().packets_out == before + expected.size());
                const auto sent = as_one.turn();
                BOOST_TEST(sent == expected, boost::test_tools::per_element());
                if (!fills) BOOST_TEST(std::all_of(sent.begin(), sent.end(), is_valid_ip));
            }
        }
        BOOST_TEST(as_one.net.counters().gso_runs == 8u);
        BOOST_TEST(as_one.net.counters().tso_frames == 0u);
        BOOST_TEST(as_one.queue.buffers_out == 0u);
    }
}

// With the sum of a pseudo header that has no length yet, and a zero for the checksum of IP.
BOOST_AUTO_TEST_CASE(a_device_that_cuts_gets_it_whole) {
    sender h(config(), cutting_device());
    path way = h.way();
    const std::string text = text_of(10 * full + 7);
    const auto before = h.net.counters().packets_out;
    BOOST_TEST(h.send(way, header_of(5, ack_and_psh), text, full, ecn::ect0) == 11u);
    const auto sent = h.turn();
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    const std::string_view packet = ip_of(sent[0]);
    BOOST_TEST(u16_at(packet, 2) == 20 + 32 + text.size());
    BOOST_TEST(packet[1] == char(ecn::ect0));
    BOOST_TEST(u16_at(packet, 10) == 0u);
    std::string header = header_of(5, ack_and_psh);
    header.replace(16, 2, u16(~checksum(bytes_of(our_ip) + bytes_of(peer_ip) + u16(6) + u16(0)) & 0xffff));
    BOOST_TEST(packet.substr(20) == header + text);
    BOOST_TEST(h.net.counters().packets_out == before + 11);
    BOOST_TEST(h.net.counters().tso_frames == 1u);
    // What is sent next, perhaps from the same place, is not to be cut.
    BOOST_TEST(h.sends(way, header_of(9, ack) + "x").size() == 1u);
    BOOST_TEST(h.queue.buffers_out == 0u);
}

// RFC 9768 §3.2.2: the bit that was CWR belongs to all segments. And devices have their limits.
BOOST_AUTO_TEST_CASE(what_a_device_must_not_or_cannot_cut_is_cut_here) {
    struct {
        size_t text, bytes;
        unsigned flags;
        uint32_t cuts, piece;
    } const cases[] = {{3 * full, full, ack_and_cwr, 65535, 1500},
                       {3 * full, full, ack, 3 * full - 1, 1500},
                       {3 * full, full, ack, 65535, 1499},
                       {3 * 1023, 1023, ack, 65535, 1500},
                       {3 * full, full, ack, 0, 1500}};
    for (const auto& c : cases) {
        device_info info = cutting_device();
        info.cuts_bytes = c.cuts;
        info.piece_bytes = c.piece;
        sender h(config(), info);
        path way = h.way();
        BOOST_TEST(h.send(way, header_of(5, c.flags), text_of(c.text), c.bytes) == 3u);
        const auto sent = h.turn();
        BOOST_TEST_REQUIRE(sent.size() == 3u);
        for (const std::string& frame : sent) BOOST_TEST(unsigned(uint8_t(l4_of(frame)[13])) == c.flags);
        BOOST_TEST(h.net.counters().tso_frames == 0u);
        BOOST_TEST(h.net.counters().gso_runs == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_device_that_has_refused_one_gets_no_more) {
    sender h(config(), cutting_device());
    path way = h.way();
    h.queue.refuse_runs();
    BOOST_TEST(h.send(way, header_of(5, ack), text_of(3 * full)) == 3u);
    BOOST_TEST(h.turn().size() == 3u);
    BOOST_TEST(h.net.counters().tso_frames == 0u);
}

// However long runs are, what waits for a slow device is as much as without them.
BOOST_AUTO_TEST_CASE(what_waits_is_counted_in_segments) {
    auto c = config();
    c.transmit_queue = 100;
    sender h(c, cutting_device());
    path way = h.way();
    h.queue.room = 0;
    BOOST_TEST(h.net.transmit_room() == 100u);
    size_t waiting = 0;
    for (const size_t n : {45, 1, 30, 2, 1, 10}) {
        BOOST_TEST(h.send(way, header_of(5, ack), text_of((n - 1) * full + 1)) == n);
        waiting += n;
        BOOST_TEST(h.net.transmit_room() == 100 - waiting);
        h.net.flush();
        BOOST_TEST(h.net.transmit_room() == 100 - waiting);
    }
    BOOST_TEST(h.net.counters().tso_frames == 4u);
    for (const size_t n : {45, 1, 30}) {
        h.queue.room = 1;
        h.net.flush();
        waiting -= n;
        BOOST_TEST(h.net.transmit_room() == 100 - waiting);
    }
    BOOST_TEST(h.send(way, header_of(5, ack), text_of(3 * full)) == 3u);
    BOOST_TEST(h.net.transmit_room() == 100 - waiting - 3);
    h.queue.room = SIZE_MAX;
    h.net.flush();
    BOOST_TEST(h.net.transmit_room() == 100u);
    BOOST_TEST(h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(a_short_piece_is_copied_behind_its_header) {
    sender h;
    path way = h.way();
    const auto fragments_of = [&](size_t text, size_t bytes) {
        const size_t before = h.queue.attached;
        h.send(way, header_of(5, ack), text_of(text), bytes);
        for (const std::string& frame : h.turn()) BOOST_TEST(is_valid_ip(frame));
        return h.queue.attached - before;
    };
    BOOST_TEST(fragments_of(copied_payload_bytes, copied_payload_bytes) == 0u);
    BOOST_TEST(fragments_of(3 * copied_payload_bytes, copied_payload_bytes) == 0u);
    BOOST_TEST(fragments_of(copied_payload_bytes + 1, copied_payload_bytes + 1) == 1u);
    BOOST_TEST(fragments_of(2 * full + 7, full) == 2u);
}

BOOST_AUTO_TEST_CASE(a_run_waits_for_its_neighbour_in_segments) {
    for (const bool device : {false, true}) {
        sender h(config(), device ? cutting_device() : host::device());
        h.turn();
        h.after(2s);
        path way = h.new_way();
        h.send(way, header_of(5, ack), text_of(2 * full));
        auto sent = h.turn();
        BOOST_TEST_REQUIRE(sent.size() == 1u);
        BOOST_TEST(is_arp(sent[0]));
        sent = h.receives(arp_frame(our_mac, 2, peer_mac, peer_ip, our_mac, our_ip));
        BOOST_TEST_REQUIRE(sent.size() == 2u);
        BOOST_TEST(l4_of(sent[1]).substr(32) == text_of(2 * full).substr(full));
        BOOST_TEST(h.net.counters().tso_frames == 0u);
    }
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_or_no_buffer_is_lost_alone) {
    auto c = config();
    c.transmit_queue = 3;
    sender h(c);
    path way = h.way();
    h.queue.room = 0;
    BOOST_TEST(h.send(way, header_of(5, ack), text_of(5 * full)) == 3u);
    BOOST_TEST(h.dropped(drop_reason::transmit_queue_full) == 2u);
    h.queue.room = SIZE_MAX;
    BOOST_TEST(h.turn().size() == 3u);

    sender short_of_buffers(config(), cutting_device());
    way = short_of_buffers.way();
    short_of_buffers.queue.buffers = 0;
    size_t sent = 0;
    for (int i = 0; i < 64; ++i) sent += short_of_buffers.send(way, header_of(5, ack), text_of(5 * full));
    BOOST_TEST(sent < 64u * 5);
    BOOST_TEST(short_of_buffers.dropped(drop_reason::no_buffer) > 0u);
}

// Whoever sends is told, and makes its segments smaller.
BOOST_AUTO_TEST_CASE(segments_over_the_mtu_are_refused_each) {
    for (const bool device : {false, true}) {
        sender h(config(), device ? cutting_device() : host::device());
        path way = h.way();
        BOOST_TEST(h.send(way, header_of(5, ack), text_of(3 * 1449), 1449) == 0u);
        BOOST_TEST(h.dropped(drop_reason::too_long) == 3u);
        BOOST_TEST(h.turn().empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
