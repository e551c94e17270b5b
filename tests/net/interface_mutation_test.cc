// A million frames that no honest peer sends: mutated, truncated, random. Nothing may crash, leak or grow.
#include "core/log.hh"
#include "core/run_queue.hh"
#include "net/interface.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t seed = 20'260'101;
constexpr size_t frames = 1'000'000;

// Reads all that it is given, so that a sanitizer sees bytes that are not there.
class reader final : public l4_handler {
 public:
    explicit reader(millrace::random& rng) : rng_(rng) {}
    void on_burst(std::span<ip_datagram> burst) noexcept override {
        for (auto& d : burst) {
            read(d.head().bytes());
            for (const auto& f : d.data->fragments) read(f.bytes());
        }
        datagrams += burst.size();
    }
    bool on_icmp_error(const icmp_error& e) noexcept override {
        read(e.quoted);
        ++errors;
        return rng_.chance(0.5);
    }

    size_t datagrams = 0, errors = 0;
    uint64_t sum = 0;

 private:
    void read(std::span<const uint8_t> bytes) {
        for (uint8_t b : bytes) sum += b;
    }
    millrace::random& rng_;
};

// Frames to start from, every kind that the interface looks into.
std::vector<std::string> honest_frames() {
    std::string long_udp = udp(peer_ip, our_ip, 5353, 53, std::string(3000, 'l'));
    std::string quoted =
        ip({.source = our_ip, .destination = far_ip}, tcp(our_ip, far_ip, 80, 1234, "quoted"));
    std::string quoted_udp = ip({.source = our_ip, .destination = peer_ip, .protocol = 17},
                                udp(our_ip, peer_ip, 53, 5353, "quoted"));
    const ipv4_address all(10, 0, 0, 255);
    return {
        tcp_frame(1234, 80, "hello"),
        tcp_frame(1234, 80, std::string(1460, 't')),
        ip_frame({.options = std::string("\x94\x04\x00\x00\x07\x07\x04\x00\x00\x00\x00\x00", 12)},
                 tcp(peer_ip, our_ip, 1, 2, "options")),
        udp_frame(5353, 53, "question"),
        udp_frame(5353, 54, "nobody"),
        ethernet(mac_address::broadcast(), peer_mac, 0x0800,
                 ip({.destination = all, .protocol = 17}, udp(peer_ip, all, 68, 53, "all"))),
        ip_frame({.protocol = 17, .id = 5, .more_fragments = true}, long_udp.substr(0, 1480)),
        ip_frame({.protocol = 17, .id = 5, .offset = 1480, .more_fragments = true},
                 long_udp.substr(1480, 1480)),
        ip_frame({.protocol = 17, .id = 5, .offset = 2960}, long_udp.substr(2960)),
        ip_frame({.protocol = 6, .id = 6, .more_fragments = true}, std::string(8, 'a')),
        ip_frame({.protocol = 6, .id = 6, .offset = 8}, std::string(8, 'b')),
        echo_frame("ping"),
        echo_frame(std::string(1472, 'p')),
        ip_frame({.source = router_ip, .protocol = 1}, icmp_message(3, 4, 1400, quoted)),
        ip_frame({.source = router_ip, .protocol = 1}, icmp_message(3, 3, 0, quoted_udp)),
        ip_frame({.source = router_ip, .protocol = 1}, icmp_message(11, 0, 0, quoted)),
        ip_frame({.protocol = 132}, "sctp"),
        arp_frame(mac_address::broadcast(), 1, peer_mac, peer_ip, {}, our_ip),
        arp_frame(our_mac, 2, router_mac, router_ip, our_mac, our_ip),
        arp_frame(mac_address::broadcast(), 1, peer_mac, our_ip, {}, our_ip),
        ethernet(our_mac, peer_mac, 0x86dd, std::string(60, '6')),
    };
}

class mutator {
 public:
    explicit mutator(millrace::random& rng) : rng_(rng), honest_(honest_frames()) {}

    std::string next() {
        if (rng_.chance(0.02)) return noise(rng_.below(1600));
        std::string f = honest_[rng_.below(honest_.size())];
        for (uint64_t n = rng_.below(5); n > 0; --n) mutate(f);
        // Most keep coming to us and have good checksums, as mutations else end at the first check.
        if (rng_.chance(0.9)) repair(f);
        return f;
    }

 private:
    std::string noise(size_t size) {
        std::string s(size, '\0');
        for (auto& c : s) c = char(rng_.next());
        return s;
    }

    // Headers are where it hurts.
    size_t place(const std::string& f) {
        return rng_.below(rng_.chance(0.8) ? std::min(f.size(), size_t(64)) : f.size());
    }

    void mutate(std::string& f) {
        if (f.empty()) return;
        static constexpr unsigned char edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x45, 0x4f, 0x46, 20, 8};
        switch (rng_.below(7)) {
            case 0:
                f[place(f)] ^= char(1u << rng_.below(8));
                break;
            case 1:
                f[place(f)] = char(rng_.next());
                break;
            case 2:
                f[place(f)] = char(edges[rng_.below(std::size(edges))]);
                break;
            case 3:
                f.resize(rng_.below(f.size() + 1));
                break;
            case 4:
                f += noise(rng_.below(64));
                break;
            case 5:
                f.insert(place(f), noise(4 * rng_.below(11)));
                break;
            case 6:
                f.erase(place(f), rng_.below(16));
                break;
        }
    }

    // Puts destination, lengths (sometimes) and checksums right again.
    void repair(std::string& f) {
        if (f.size() < 34 || u16_at(f, 12) != 0x0800) return;
        f.replace(0, 6, bytes_of(our_mac));
        if (rng_.chance(0.7)) f.replace(16, 2, u16(unsigned(f.size() - 14)));
        if (rng_.chance(0.9)) f.replace(30, 4, bytes_of(our_ip));
        size_t header = size_t(f[14] & 15) * 4;
        if (header < 20 || 14 + header > f.size()) return;
        f.replace(24, 2, u16(0));
        f.replace(24, 2, u16(checksum(std::string_view(f).substr(14, header))));
        repair_l4(f, 14 + header);
    }

    void repair_l4(std::string& f, size_t at) {
        unsigned protocol = uint8_t(f[23]);
        size_t field = protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
        size_t size = f.size() - at;
        if (size < field + 2) return;
        if (protocol == 17 && rng_.chance(0.8)) f.replace(at + 4, 2, u16(unsigned(size)));
        f.replace(at + field, 2, u16(0));
        std::string covered = f.substr(at);
        if (protocol != 1) covered = f.substr(26, 8) + u8(0) + u8(protocol) + u16(unsigned(size)) + covered;
        f.replace(at + field, 2, u16(checksum(covered)));
    }

    millrace::random& rng_;
    std::vector<std::string> honest_;
};

interface_config small_limits() {
    auto c = config();
    c.neighbours.entries = 64;
    c.reassembly.datagrams = 8;
    c.udp.receive_datagrams = 16;
    return c;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(a_million_mutated_frames_neither_crash_nor_leak_nor_grow) {
    BOOST_TEST_MESSAGE("seed " << seed);
    set_log_levels("error");
    run_queue tasks;
    run_queue::scope scope(tasks);
    millrace::random rng(seed);
    mutator frames_of(rng);
    host h(small_limits());
    reader upper(rng);
    h.net.attach(&upper);
    auto socket = h.net.open_datagram({{}, 53});
    auto to_peer = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    const std::string segment = wire_test::tcp(our_ip, peer_ip, 80, 1234, "x");
    std::optional<future<received_datagram>> waiting;
    size_t most_held = 0, invalid = 0, received = 0;
    for (size_t i = 0; i < frames; i += 32) {
        for (int n = 0; n < 32; ++n) {
            std::string f = frames_of.next();
            if (f.size() > 1 && rng.chance(0.02))
                h.queue.arrive_split(f, 1 + rng.below(f.size() - 1));
            else
                h.queue.arrive(f);
        }
        h.queue.keep_sent = i % 1024 == 0;
        h.net.send(*to_peer, h.build(segment));
        for (const auto& f : h.turn()) invalid += !is_arp(f) && !is_valid_ip(f);
        most_held = std::max(most_held, h.queue.buffers_out);
        if (rng.chance(0.1)) {
            if (!waiting || waiting->available()) {
                if (waiting) {
                    waiting->ignore_ready_future();
                    ++received;
                }
                waiting = socket.receive();
            }
        }
        h.clock.advance(duration(rng.below(20'000'000)));
    }
    BOOST_TEST(h.net.counters().packets_in == frames);
    // It got everywhere.
    BOOST_TEST(upper.datagrams > 10'000u);
    BOOST_TEST(upper.errors > 1'000u);
    BOOST_TEST(received > 100u);
    BOOST_TEST(h.net.counters().reassembled > 100u);
    BOOST_TEST(h.net.counters().echo_replies > 1'000u);
    BOOST_TEST(h.net.counters().icmp_errors_out > 100u);
    for (size_t r = 0; r < drop_reason_count; ++r)
        BOOST_TEST_MESSAGE(name_of(drop_reason(r)) << " " << h.net.drops()[drop_reason(r)]);
    // Whatever is held: a datagram received in each place of the socket's queue, and packets that wait for
    // ARP.
    BOOST_TEST(most_held <= 16u + 32u + 16u);
    BOOST_TEST(invalid == 0u);
    socket.close();
    if (waiting) waiting->ignore_ready_future();
    for (int i = 0; i < 100; ++i) h.after(1s);
    BOOST_TEST(h.net.packets_held() == 0u);
    BOOST_TEST(h.queue.buffers_out == 0u);
    BOOST_TEST((h.net.next_deadline() == never));
    tasks.run(1000);
}

BOOST_AUTO_TEST_SUITE_END()
