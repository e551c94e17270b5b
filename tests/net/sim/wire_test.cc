#include "core/random.hh"
#include "core/time.hh"
#include "net/checksum.hh"
#include "net/pcap.hh"
#include "net/rss.hh"
#include "net/simulation.hh"
#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::net;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(net)

namespace {

struct bench {
    explicit bench(const wire_setup& setup = {}, uint64_t seed = 1) : line(time, seed, setup) {}

    device_queue& a() { return line.a().queue(0); }
    device_queue& b() { return line.b().queue(0); }
    // Each frame is told by its length.
    void send(size_t size) { BOOST_REQUIRE(frames::send(a(), frames::pattern(size))); }
    // When each frame arrives at b, by length, until nothing is on its way.
    std::vector<std::pair<duration, size_t>> arrivals() {
        std::vector<std::pair<duration, size_t>> all;
        const time_point start = time.now();
        while (true) {
            for (const auto& f : frames::receive_all(b())) all.emplace_back(time.now() - start, f.size());
            if (line.next_arrival() == never) return all;
            time.advance_to(line.next_arrival());
        }
    }

    manual_clock time;
    wire line;
};

wire_setup with(const wire_options& o) {
    wire_setup s;
    s.a_to_b = o;
    return s;
}

}  // namespace

BOOST_AUTO_TEST_CASE(frames_arrive_whole_in_order_and_only_at_the_other_end) {
    bench t;
    packet chained = frames::in_device_buffer(t.a(), frames::pattern(54));
    chained.fragments.push_back(buffer::copy_of(frames::pattern(1000)));
    chained.fragments.push_back(buffer::copy_of(frames::pattern(3)));
    t.send(60);
    BOOST_TEST(frames::send(t.a(), std::move(chained)));
    t.send(1514);
    const std::vector<std::string> expected{frames::pattern(60),
                                            frames::pattern(54) + frames::pattern(1000) + frames::pattern(3),
                                            frames::pattern(1514)};
    BOOST_TEST(frames::receive_all(t.b()) == expected, boost::test_tools::per_element());
    BOOST_TEST(frames::receive_all(t.a()).empty());
    BOOST_TEST(t.a().counters().tx_packets == 3u);
    BOOST_TEST(t.b().counters().rx_bytes == 60u + 1057 + 1514);
}

BOOST_AUTO_TEST_CASE(what_waits_for_the_rate_can_be_seen) {
    bench t(with({.delay = 1s, .rate_bps = 8'000'000}));
    BOOST_TEST(t.line.waiting(wire_end::a) == 0u);
    for (size_t size : {1000, 1000, 1000}) t.send(size);
    BOOST_TEST(t.line.waiting(wire_end::a) == 2u);
    BOOST_TEST(t.line.waiting(wire_end::b) == 0u);
    t.time.advance(1500us);
    BOOST_TEST(t.line.waiting(wire_end::a) == 1u);
    t.time.advance(1500us);
    BOOST_TEST(t.line.waiting(wire_end::a) == 0u);
}

BOOST_AUTO_TEST_CASE(a_policer_drops_what_exceeds_its_rate_and_a_burst) {
    bench t(with({.police_bps = 8'000'000, .police_burst = 3000}));  // a byte each microsecond
    for (size_t size : {1000, 1001, 999, 100}) t.send(size);
    t.time.advance(1ms);
    for (size_t size : {998, 997}) t.send(size);
    t.time.advance(1s);
    for (size_t size : {1001, 1002, 996, 1003}) t.send(size);  // no more than the burst is saved up
    const std::vector<size_t> expected{1000, 1001, 999, 998, 1001, 1002, 996};
    std::vector<size_t> arrived;
    for (const auto& [when, size] : t.arrivals()) arrived.push_back(size);
    BOOST_TEST(arrived == expected, boost::test_tools::per_element());
    BOOST_TEST(t.line.counters(wire_end::a).policed == 3u);
    BOOST_TEST(t.line.counters(wire_end::a).overflowed == 0u);
}

// One frame in a hundred begins a burst of ten on average, of which nine are lost.
BOOST_AUTO_TEST_CASE(losses_come_in_bursts_of_the_length_and_as_often_as_said) {
    constexpr size_t frames = 60'000, smallest = 60;
    bench t(with({.delay = 1ms, .burst = 0.01, .burst_end = 0.1, .burst_loss = 0.9}));
    size_t arrived = 0, lost_rows = 0, lost = 0;
    bool before = false;
    for (size_t i = 0; i < frames; ++i) {
        t.send(smallest);
        const bool is_lost = t.line.counters(wire_end::a).lost > lost;
        lost = t.line.counters(wire_end::a).lost;
        lost_rows += is_lost && !before;
        before = is_lost;
        if (i % 100 == 99) arrived += t.arrivals().size();
    }
    BOOST_TEST(arrived + lost == frames);
    // A burst each 110 frames, and between two rows of losses a frame that a burst spared.
    BOOST_TEST((lost > 4'400 && lost < 5'400));
    BOOST_TEST((lost_rows > 750 && lost_rows < 1'150));
}

BOOST_AUTO_TEST_CASE(what_the_sender_does_to_its_bytes_later_does_not_show) {
    bench t;
    packet p = frames::in_device_buffer(t.a(), "before");
    buffer kept = p.head.share();
    BOOST_TEST(frames::send(t.a(), std::move(p)));
    std::string_view("after!").copy(kept.mutable_data(), 6);
    BOOST_TEST(frames::receive_all(t.b())[0] == "before");
}

BOOST_AUTO_TEST_CASE(a_frame_arrives_after_the_delay_of_its_direction) {
    wire_setup s;
    s.a_to_b.delay = 10ms;
    s.b_to_a.delay = 3ms;
    bench t(s);
    t.send(60);
    BOOST_TEST(frames::send(t.b(), frames::pattern(70)));
    BOOST_TEST((t.line.next_arrival() == t.time.now() + 3ms));
    t.time.advance(3ms);
    BOOST_TEST(frames::receive_all(t.a()).size() == 1u);
    BOOST_TEST(frames::receive_all(t.b()).empty());
    t.time.advance(7ms);
    BOOST_TEST(frames::receive_all(t.b()).size() == 1u);
    BOOST_TEST((t.line.next_arrival() == never));
}

BOOST_AUTO_TEST_CASE(the_rate_spaces_frames_and_its_queue_drops_at_the_tail) {
    bench t(with({.rate_bps = 8'000'000, .queue_packets = 2}));  // a byte in a microsecond
    for (size_t size : {100, 200, 300, 400}) t.send(size);
    const auto got = t.arrivals();
    BOOST_REQUIRE(got.size() == 3u);
    BOOST_TEST((got[0] == std::pair<duration, size_t>(100us, 100)));
    BOOST_TEST((got[1] == std::pair<duration, size_t>(300us, 200)));
    BOOST_TEST((got[2] == std::pair<duration, size_t>(600us, 300)));
    BOOST_TEST(t.line.counters(wire_end::a).overflowed == 1u);
    t.send(500);
    BOOST_TEST((t.arrivals()[0].first == 500us));
}

BOOST_AUTO_TEST_CASE(jitter_keeps_the_order) {
    bench t(with({.delay = 1ms, .jitter = 5ms}));
    for (size_t i = 0; i < 200; ++i) t.send(60 + i);
    const auto got = t.arrivals();
    BOOST_REQUIRE(got.size() == 200u);
    BOOST_TEST(std::is_sorted(got.begin(), got.end()));
    BOOST_TEST((got.front().first >= 1ms && got.back().first <= 6ms));
}

BOOST_AUTO_TEST_CASE(chances_are_met_and_counted) {
    bench t(with({.delay = 1ms, .loss = 0.1, .reorder = 0.2, .duplicate = 0.05, .corrupt = 0.02}));
    std::map<size_t, int> copies;
    std::vector<size_t> order;
    size_t damaged = 0;
    for (size_t round = 0; round < 10; ++round) {
        for (size_t i = 0; i < 1000; ++i) t.send(60 + i);
        while (t.line.next_arrival() != never) {
            t.time.advance_to(t.line.next_arrival());
            for (const auto& f : frames::receive_all(t.b())) {
                ++copies[f.size()];
                order.push_back(f.size());
                damaged += f != frames::pattern(f.size());
            }
        }
    }
    const wire_counters& c = t.line.counters(wire_end::a);
    BOOST_TEST(c.sent == 10'000u);
    BOOST_TEST((c.lost > 800 && c.lost < 1200));
    BOOST_TEST((c.reordered > 1500 && c.reordered < 2100));
    BOOST_TEST((c.duplicated > 350 && c.duplicated < 550));
    BOOST_TEST((c.corrupted > 130 && c.corrupted < 240));
    BOOST_TEST(c.arrived == c.sent - c.lost + c.duplicated);
    BOOST_TEST(order.size() == c.arrived);
    BOOST_TEST(!std::is_sorted(order.begin(), order.end()));
    BOOST_TEST(damaged >= c.corrupted);
    BOOST_TEST(damaged <= c.corrupted + c.duplicated);
}

BOOST_AUTO_TEST_CASE(one_bit_of_a_corrupted_frame_is_wrong) {
    bench t(with({.corrupt = 1}));
    t.send(200);
    const std::string got = frames::receive_all(t.b())[0];
    const std::string sent = frames::pattern(200);
    int bits = 0;
    for (size_t i = 0; i < sent.size(); ++i) bits += __builtin_popcount(uint8_t(got[i] ^ sent[i]));
    BOOST_TEST(bits == 1);
}

BOOST_AUTO_TEST_CASE(frames_longer_than_the_wire_carries_are_lost) {
    bench t(with({.mtu = 1280}));
    t.send(1294);
    t.send(1295);
    BOOST_TEST(frames::receive_all(t.b()).size() == 1u);
    BOOST_TEST(t.line.counters(wire_end::a).too_long == 1u);
}

BOOST_AUTO_TEST_CASE(a_cut_wire_loses_what_is_sent_until_it_is_mended) {
    bench t(with({.delay = 1ms}));
    t.send(60);
    t.line.cut();
    t.send(61);
    t.line.mend();
    t.send(62);
    BOOST_TEST(t.arrivals().size() == 2u);
    BOOST_TEST(t.line.counters(wire_end::a).cut == 1u);
}

BOOST_AUTO_TEST_CASE(impairments_change_for_frames_sent_later) {
    bench t(with({.delay = 5ms}));
    t.send(60);
    t.line.impair(wire_end::a, {.loss = 1});
    t.send(61);
    BOOST_TEST(t.arrivals().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_empty_pool_drops_arrivals_and_refuses_buffers) {
    wire_setup s;
    s.b.buffers = 4;
    bench t(s);
    std::vector<buffer> held;
    for (int i = 0; i < 3; ++i) held.push_back(t.b().allocate());
    for (int i = 0; i < 3; ++i) t.send(60);
    std::vector<packet> burst(8);
    BOOST_TEST(t.b().receive(burst) == 1u);
    BOOST_TEST(t.b().counters().rx_dropped == 2u);
    BOOST_TEST(t.line.counters(wire_end::a).no_buffers == 2u);
    BOOST_TEST(t.b().allocate().storage() == nullptr);
    BOOST_TEST(t.b().counters().no_buffers == 1u);
    BOOST_TEST(t.line.buffers_in_use(wire_end::b) == 4u);
    burst.clear();
    held.clear();
    BOOST_TEST(t.line.buffers_in_use(wire_end::b) == 0u);
    BOOST_TEST(t.b().allocate().storage() != nullptr);
}

BOOST_AUTO_TEST_CASE(allocations_fail_as_often_as_asked_for) {
    wire_setup s;
    s.a.failed_allocations = 0.25;
    bench t(s);
    for (int i = 0; i < 1000; ++i) t.a().allocate();
    BOOST_TEST((t.a().counters().no_buffers > 190 && t.a().counters().no_buffers < 310));
}

BOOST_AUTO_TEST_CASE(buffers_may_outlive_the_wire) {
    buffer kept;
    {
        bench t;
        t.send(99);
        packet p;
        BOOST_REQUIRE(t.b().receive(std::span(&p, 1)) == 1u);
        kept = std::move(p.head);
        t.send(60);  // and this one is never received
    }
    BOOST_TEST(kept.view() == frames::pattern(99));
}

BOOST_AUTO_TEST_CASE(a_buffer_offers_room_for_headers_and_a_whole_frame) {
    wire_setup s;
    s.a.mtu = 9000;
    bench t(s);
    const buffer b = t.a().allocate();
    BOOST_TEST(b.headroom() >= 128u);
    BOOST_TEST(b.tailroom() >= 9014u);
}

namespace {

// A UDP datagram of 4 bytes in its frame; checksums left out.
std::string datagram(ipv4_address from, ipv4_address to, uint16_t source, uint16_t destination) {
    std::string f(14 + 20 + 8 + 4, '\0');
    auto* b = reinterpret_cast<uint8_t*>(f.data());
    b[12] = 0x08;
    b[14] = 0x45;
    b[17] = 32;
    b[23] = 17;
    from.write(b + 26);
    to.write(b + 30);
    b[34] = uint8_t(source >> 8), b[35] = uint8_t(source);
    b[36] = uint8_t(destination >> 8), b[37] = uint8_t(destination);
    b[39] = 12;
    return f;
}

}  // namespace

BOOST_AUTO_TEST_CASE(flows_go_to_the_queue_of_their_hash) {
    wire_setup s;
    s.b.queues = 4;
    bench t(s);
    const ipv4_address from(10, 0, 0, 1), to(10, 0, 0, 2);
    std::map<unsigned, unsigned> frames_of_queue;
    for (uint16_t port = 1000; port < 1200; ++port) {
        BOOST_REQUIRE(frames::send(t.a(), datagram(from, to, port, 7)));
        const unsigned owner = rss_owner(flow_hash(from, to, port, uint16_t(7)), 4);
        BOOST_TEST(frames::receive_all(t.line.b().queue(owner)).size() == 1u);
        ++frames_of_queue[owner];
    }
    BOOST_TEST(frames_of_queue.size() == 4u);
    BOOST_REQUIRE(frames::send(t.a(), frames::pattern(60)));
    BOOST_TEST(frames::receive_all(t.line.b().queue(0)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(checksums_are_filled_in_and_verified_as_by_hardware) {
    wire_setup s;
    s.a.fills_checksums = true;
    s.b.checks_received = true;
    bench t(s);
    const ipv4_address from(10, 0, 0, 1), to(10, 0, 0, 2);
    packet p = frames::in_device_buffer(t.a(), datagram(from, to, 1, 2));
    const uint16_t pseudo[] = {0x000a, 0x0100, 0x000a, 0x0200, 0x1100, 0x0c00};  // as they lie in memory
    uint32_t sum = 0;
    for (uint16_t w : pseudo) sum += w;
    const uint16_t folded = uint16_t((sum & 0xffff) + (sum >> 16));
    std::memcpy(p.head.mutable_data() + 40, &folded, 2);
    p.offload_ip_checksum = p.offload_l4_checksum = p.is_udp = true;
    p.l2_bytes = 14;
    p.l3_bytes = 20;
    BOOST_TEST(frames::send(t.a(), std::move(p)));
    packet got;
    BOOST_REQUIRE(t.b().receive(std::span(&got, 1)) == 1u);
    BOOST_TEST((got.ip_checksum == checksum_verdict::good));
    BOOST_TEST((got.l4_checksum == checksum_verdict::good));

    t.line.impair(wire_end::a, {.corrupt = 1});
    for (int i = 0; i < 20; ++i) BOOST_TEST(frames::send(t.a(), got.head.view()));
    packet bad;
    int noticed = 0;
    while (t.b().receive(std::span(&bad, 1))) {
        noticed += bad.ip_checksum == checksum_verdict::bad || bad.l4_checksum == checksum_verdict::bad;
    }
    BOOST_TEST(noticed >= 8);  // flips in the link header or the checksum's absence go unseen
}

namespace {

// A datagram with a good header checksum and this ECN field.
std::string with_ecn(uint8_t field) {
    std::string f = datagram(ipv4_address(10, 0, 0, 1), ipv4_address(10, 0, 0, 2), 1, 2);
    f[15] = char(field);
    auto* ip = reinterpret_cast<uint8_t*>(f.data()) + 14;
    const uint16_t checksum = checksum_of(sum_bytes(ip, 20));
    std::memcpy(ip + 10, &checksum, 2);
    return f;
}

bool header_is_good(const std::string& frame) {
    return fold(sum_bytes(reinterpret_cast<const uint8_t*>(frame.data()) + 14, 20)) == 0xffff;
}

}  // namespace

// RFC 3168 §5: only what says that its sender knows ECN; the others wait, or are dropped, as ever.
BOOST_AUTO_TEST_CASE(a_long_queue_marks_what_may_be_marked) {
    bench t(with({.rate_bps = 8'000'000, .queue_packets = 4, .mark_packets = 2}));
    for (uint8_t field : {2, 1, 2, 1, 0, 2}) BOOST_REQUIRE(frames::send(t.a(), with_ecn(field)));
    std::vector<int> got;
    while (t.line.next_arrival() != never) {
        t.time.advance_to(t.line.next_arrival());
        for (const auto& f : frames::receive_all(t.b())) {
            got.push_back(f[15]);
            BOOST_TEST(header_is_good(f));
        }
    }
    const std::vector<int> expected{2, 1, 2, 3, 0};
    BOOST_TEST(got == expected, boost::test_tools::per_element());
    BOOST_TEST(t.line.counters(wire_end::a).marked == 1u);
    BOOST_TEST(t.line.counters(wire_end::a).overflowed == 1u);
}

BOOST_AUTO_TEST_CASE(marks_by_chance_are_as_many_as_asked_for) {
    bench t(with({.mark = 0.25}));
    int marked = 0;
    for (int i = 0; i < 1000; ++i) {
        BOOST_REQUIRE(frames::send(t.a(), with_ecn(2)));
        marked += frames::receive_all(t.b()).at(0)[15] == 3;
        BOOST_REQUIRE(frames::send(t.a(), with_ecn(0)));
        BOOST_TEST(frames::receive_all(t.b()).at(0)[15] == 0);
    }
    BOOST_TEST((marked > 200 && marked < 300));
    BOOST_TEST(t.line.counters(wire_end::a).marked == uint64_t(marked));
}

BOOST_AUTO_TEST_CASE(one_seed_always_does_the_same) {
    auto run = [](uint64_t seed) {
        bench t(
            with(
                {.delay = 1ms, .jitter = 1ms, .loss = 0.1, .reorder = 0.1, .duplicate = 0.1, .corrupt = 0.1}),
            seed);
        for (size_t i = 0; i < 500; ++i) t.send(60 + i);
        return t.arrivals();
    };
    BOOST_TEST((run(42) == run(42)));
    BOOST_TEST((run(42) != run(43)));
}

BOOST_AUTO_TEST_SUITE_END()
