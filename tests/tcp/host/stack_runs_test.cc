// Generic receive offload: segments that come in one burst, one behind the other, are taken as one.
#include "tests/support/effort.hh"
#include "tests/support/sim_transfer.hh"
#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <unistd.h>

using namespace millrace;
using namespace millrace::test;
using tcp::flags;

namespace {

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A connection of the peer's that the host has accepted, beyond its quick start.
struct bulk_fixture : raw_fixture {
    explicit bulk_fixture(const tcp::native_settings& settings = {}) : raw_fixture(settings) {
        listener = listen({.port = 80});
        iss = begin(5000, 1, 80).at(0);
        complete(5000, {iss}, 80);
        host.run([&](net::network&) { stream = listener.accept().get(); });
        for (int i = 0; i < 16; ++i) {
            send(std::string(1000, 'w'));
            exchange();
            BOOST_TEST_REQUIRE(read().size() == 1000u);
        }
        exchange();
    }

    static constexpr uint32_t first_byte = 1001;

    std::string next_bytes(std::string_view text) {
        const auto bytes = raw_peer::bytes_of(bare(flags::ack, first_byte + sent, iss + 1, text), 5000, 80);
        sent += uint32_t(text.size());
        return bytes;
    }
    void send(std::string_view text) {
        peer.send_bytes(next_bytes(text), net::ipv4_address(10, 0, 0, 1), true);
    }
    void send_damaged(std::string_view text) {
        std::string bytes = next_bytes(text);
        bytes[tcp::checksum_offset] = 1;
        peer.send_bytes(bytes, net::ipv4_address(10, 0, 0, 1), false);
    }
    // All that can be read now.
    std::string read() {
        return host.run([&](net::network&) {
            std::string all;
            for (;;) {
                auto some = stream->read();
                if (!some.available()) return all;
                all += some.get().view();
            }
        });
    }
    uint64_t merged() const { return counters().gro_merged; }
    tcp::connection_info info() const {
        return *host.network->connection({host.address, 80}, {net::ipv4_address(10, 0, 0, 1), 5000});
    }

    net::listener listener;
    std::optional<net::stream> stream;
    uint32_t iss = 0;
    uint32_t sent = 0;
};

struct peer_options {
    uint16_t mss;
    uint16_t wnd;
    bool ecn = false;
};

// A connection of the peer's on which the host sends.
struct outgoing_fixture : raw_fixture {
    explicit outgoing_fixture(const peer_options& o) : raw_fixture(settings_for(o)), wnd(o.wnd) {
        listener = listen({.port = 80});
        tcp::outgoing syn = bare(o.ecn ? flags::syn | flags::ece | flags::cwr : tcp::flags(flags::syn), 1000);
        syn.options.mss = o.mss;
        peer.send(std::move(syn), 5000, 80);
        iss = exchange().at(0).segment.seq.value();
        acknowledge(0);
        exchange();
        host.run([&](net::network&) { stream = listener.accept().get(); });
    }
    static tcp::native_settings settings_for(const peer_options& o) {
        tcp::native_settings s;
        s.tcp.ecn = o.ecn ? tcp::ecn_mode::on : tcp::ecn_mode::off;
        s.tcp.congestion = net::congestion_algorithm::reno;
        return s;
    }

    void write(size_t bytes) {
        host.run([&](net::network&) { written = stream->write(buffer::copy_of(std::string(bytes, 'w'))); });
    }
    void acknowledge(uint32_t bytes, tcp::flags also = {}) {
        tcp::outgoing o = bare(flags::ack | also, 1001, iss + 1 + bytes);
        o.wnd = wnd;
        peer.send(std::move(o), 5000, 80);
    }
    tcp::connection_info info() const {
        return *host.network->connection({host.address, 80}, {net::ipv4_address(10, 0, 0, 1), 5000});
    }
    uint64_t gso_runs() const { return host.network->interface().counters().gso_runs; }

    uint16_t wnd;
    net::listener listener;
    std::optional<net::stream> stream;
    std::optional<future<>> written;
    uint32_t iss = 0;
};

uint32_t bytes_of(const std::vector<raw_peer::received>& sent) {
    uint32_t n = 0;
    for (const auto& r : sent) n += uint32_t(r.segment.payload.size());
    return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host_runs)

// RFC 9293 §3.8.6.3: one ACK for what a burst has brought, as without.
BOOST_AUTO_TEST_CASE(neighbours_of_a_burst_are_taken_as_one_and_counted_as_many) {
    bulk_fixture f;
    const uint32_t before = f.info().segments_received;
    std::string all;
    for (char c : {'a', 'b', 'c', 'd'}) {
        const std::string text(c == 'd' ? 10 : 1000, c);
        all += text;
        f.send(text);
    }
    const auto answers = f.exchange();
    BOOST_TEST(f.merged() == 3u);
    BOOST_TEST(f.info().segments_received == before + 4);
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST((answers[0].segment.ack == tcp::seq(bulk_fixture::first_byte + f.sent)));
    BOOST_TEST(f.read() == all);
}

// RFC 5681 §4.2: two small ones that came together are not two full ones.
BOOST_AUTO_TEST_CASE(small_ones_wait_for_the_delay_as_if_they_had_come_alone) {
    bulk_fixture f;
    for (int i = 0; i < 3; ++i) f.send(std::string(100, 's'));
    BOOST_TEST(f.exchange().empty());
    BOOST_TEST(f.merged() == 2u);
    f.world.run_for(std::chrono::milliseconds(41));
    BOOST_TEST(f.exchange().size() == 1u);
    BOOST_TEST(f.read().size() == 300u);
}

BOOST_AUTO_TEST_CASE(a_damaged_one_is_dropped_alone) {
    bulk_fixture f;
    f.send(std::string(1000, 'a'));
    f.send(std::string(1000, 'b'));
    f.send_damaged(std::string(1000, 'x'));
    f.send(std::string(1000, 'c'));
    f.send(std::string(1000, 'd'));
    f.exchange();
    BOOST_TEST(f.merged() == 1u);  // of the two that wait behind the gap each goes by itself
    BOOST_TEST(f.host.network->interface().drops()[net::drop_reason::l4_bad_checksum] == 1u);
    BOOST_TEST(f.read() == std::string(1000, 'a') + std::string(1000, 'b'));
    BOOST_TEST(f.info().out_of_order == 2000u);
}

BOOST_AUTO_TEST_CASE(what_the_window_does_not_take_is_cut_as_ever) {
    tcp::native_settings settings;
    settings.tcp.receive_buffer = 30'000;
    for (const bool gro : {true, false}) {
        settings.gro = gro;
        bulk_fixture f(settings);
        for (int i = 0; i < 25; ++i) f.send(std::string(1400, char('a' + i)));
        f.exchange();
        BOOST_TEST(f.merged() == 0u);
        const std::string got = f.read();
        BOOST_TEST(got.size() <= 30'000u);
        BOOST_TEST(got.size() >= 20'000u);
        for (size_t i = 0; i < got.size(); ++i) BOOST_TEST_REQUIRE(got[i] == char('a' + i / 1400));
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_merged_where_it_is_switched_off) {
    tcp::native_settings settings;
    settings.gro = false;
    bulk_fixture f(settings);
    for (int i = 0; i < 4; ++i) f.send(std::string(1000, 'a'));
    f.exchange();
    BOOST_TEST(f.merged() == 0u);
    BOOST_TEST(f.read().size() == 4000u);
}

// Whatever a wire does, each frame leaves at the same time with the same bytes.
BOOST_AUTO_TEST_CASE(nobody_on_the_wire_can_tell) {
    const std::string path = fmt::format("/tmp/millrace-gro-{}.pcap", ::getpid());
    uint64_t merged = 0;
    for (uint64_t seed = 1; seed <= effort<uint64_t>(4, 8, 60); ++seed) {
        const auto with = run_transfer(seed, {.bytes = 500'000, .pcap = path});
        const std::string seen = contents(path);
        const auto without = run_transfer(seed, {.bytes = 500'000, .pcap = path, .gro = false});
        BOOST_TEST(with.failure == "");
        BOOST_TEST(without.failure == "");
        BOOST_TEST((seen == contents(path)), "seed " << seed << ", " << with.troubles);
        BOOST_TEST(without.gro_merged == 0u);
        merged += with.gro_merged;
    }
    std::remove(path.c_str());
    BOOST_TEST(merged > 100u);
}

// RFC 9293 §3.7.1, §3.8.6: no segment is longer than the peer's MSS, and together they are within its window.
BOOST_AUTO_TEST_CASE(a_run_keeps_to_the_peers_segment_size_and_window) {
    outgoing_fixture f({.mss = 1200, .wnd = 9000});
    f.write(50'000);
    auto sent = f.exchange();
    BOOST_TEST_REQUIRE(sent.size() == 7u);
    for (const auto& r : sent) {
        BOOST_TEST(r.segment.payload.size() == 1200u);
        BOOST_TEST(!r.segment.flags.has(flags::psh));
    }
    BOOST_TEST(f.gso_runs() == 1u);

    // And within what was written.
    for (uint32_t taken = 7 * 1200; taken < 50'000; taken += bytes_of(sent)) {
        f.acknowledge(taken);
        sent = f.exchange();
        BOOST_TEST_REQUIRE(!sent.empty());
        BOOST_TEST(bytes_of(sent) <= 9000u);
        for (const auto& r : sent)
            BOOST_TEST(r.segment.flags.has(flags::psh) ==
                       (r.segment.seq + uint32_t(r.segment.payload.size()) == tcp::seq(f.iss + 1 + 50'000)));
    }
    BOOST_TEST(f.gso_runs() > 4u);
}

// RFC 5681 §3.1: of what is acknowledged at once nothing is in flight any more, and so goes out what the
// window has room for, to the segment.
BOOST_AUTO_TEST_CASE(a_run_keeps_to_the_congestion_window) {
    outgoing_fixture f({.mss = 1200, .wnd = 60'000});
    f.write(150'000);
    auto sent = f.exchange();
    for (uint32_t taken = bytes_of(sent); taken < 100'000; taken += bytes_of(sent)) {
        f.acknowledge(taken);
        sent = f.exchange();
        const uint32_t cwnd = f.info().cwnd;
        BOOST_TEST_REQUIRE(cwnd < 60'000u);
        BOOST_TEST(bytes_of(sent) == cwnd / 1200 * 1200);
    }
    BOOST_TEST(f.gso_runs() > 4u);
}

// RFC 3168 §6.1.2: CWR is in the first new segment after the window was reduced, and in no other.
BOOST_AUTO_TEST_CASE(the_window_is_said_to_be_reduced_once) {
    outgoing_fixture f({.mss = 1200, .wnd = 60'000, .ecn = true});
    f.write(100'000);
    BOOST_TEST_REQUIRE(f.exchange().size() == 10u);
    const auto before = f.gso_runs();
    f.acknowledge(9 * 1200, flags::ece);
    const auto sent = f.exchange();
    BOOST_TEST_REQUIRE(sent.size() >= 4u);
    for (const auto& r : sent) {
        BOOST_TEST(r.segment.flags.has(flags::cwr) == (&r == &sent.front()));
        BOOST_TEST(r.ecn == uint8_t(net::ecn::ect0));
    }
    BOOST_TEST(f.gso_runs() == before + 1);
}

// Segmentation offload: whoever cuts what is sent as one, what leaves is what was sent one by one.
BOOST_AUTO_TEST_CASE(nor_whether_segments_were_sent_as_one) {
    const std::string path = fmt::format("/tmp/millrace-tso-{}.pcap", ::getpid());
    uint64_t tso_frames = 0, gso_runs = 0;
    for (uint64_t seed = 1; seed <= effort<uint64_t>(4, 8, 60); ++seed) {
        const auto alone = run_transfer(seed, {.bytes = 500'000, .pcap = path, .tso = false});
        const std::string seen = contents(path);
        BOOST_TEST(alone.failure == "");
        BOOST_TEST(alone.tso_frames + alone.gso_runs == 0u);
        for (const bool device : {false, true}) {
            const auto runs = run_transfer(seed, {.bytes = 500'000, .pcap = path, .device_cuts = device});
            BOOST_TEST(runs.failure == "");
            BOOST_TEST((seen == contents(path)), "seed " << seed << ", " << runs.troubles);
            tso_frames += runs.tso_frames;
            gso_runs += runs.gso_runs;
            if (!device) BOOST_TEST(runs.tso_frames == 0u);
        }
    }
    std::remove(path.c_str());
    BOOST_TEST(tso_frames > 50u);
    BOOST_TEST(gso_runs > 50u);
}

BOOST_AUTO_TEST_SUITE_END()
