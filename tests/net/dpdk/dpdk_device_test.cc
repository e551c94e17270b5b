#include "net/dpdk_device.hh"

#include "net/pcap.hh"
#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

namespace {

dpdk_options small(const std::string& device) {
    dpdk_options o;
    o.device = device;
    o.buffers = 1024;
    o.descriptors = 256;
    return o;
}

std::string refusal(const dpdk_options& o) {
    try {
        open_dpdk_device(o);
    } catch (const device_error& e) {
        return e.what();
    }
    return "opened";
}

std::string refusal(const std::string& device) {
    return refusal(small(device));
}

std::error_code code(const std::string& device) {
    try {
        open_dpdk_device(small(device));
    } catch (const std::system_error& e) {
        return e.code();
    }
    return {};
}

bool mentions(const std::string& text, std::string_view words) {
    return text.find(words) != text.npos;
}

// Its driver keeps an abstract name bound to the end of the process.
std::string next_socket() {
    static int number = 0;
    return "@millrace-test-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
}

// A socket of memif's type that listens at a path but speaks no memif.
class plain_listener {
 public:
    explicit plain_listener(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        BOOST_REQUIRE(path.size() < sizeof at.sun_path);
        std::memcpy(at.sun_path, path.data(), path.size());
        BOOST_REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        BOOST_REQUIRE(::listen(fd_, 1) == 0);
    }
    plain_listener(const plain_listener&) = delete;
    plain_listener& operator=(const plain_listener&) = delete;
    ~plain_listener() { ::close(fd_); }

    bool was_called() const {
        const int caller = ::accept(fd_, nullptr, nullptr);
        if (caller < 0) BOOST_REQUIRE(errno == EAGAIN);
        if (caller >= 0) ::close(caller);
        return caller >= 0;
    }

 private:
    int fd_;
};

// A server and a client in this process, over a socket of its own.
struct memif_pair {
    explicit memif_pair(unsigned queues = 1, uint16_t mtu = 1500) {
        dpdk_options o = small("memif:server," + socket);
        o.queues = queues;
        o.mtu = mtu;
        server = open_dpdk_device(o);
        o.device = "memif:client," + socket;
        client = open_dpdk_device(o);
        connect();
    }

    // The handshake is made by a thread of DPDK's: frames sent before its end are refused. A server can send
    // only once the client has looked for frames, and so offered it room.
    void connect() {
        for (unsigned q = 0; q < client->info().queues; ++q) {
            until_sent(client->queue(q), server->queue(q));
            until_sent(server->queue(q), client->queue(q));
        }
    }

    static void until_sent(device_queue& from, device_queue& to) {
        while (!frames::send(from, frames::pattern(60))) {
            frames::receive_all(to);
            std::this_thread::yield();
        }
        while (frames::receive_all(to).empty()) std::this_thread::yield();
    }

    const std::string socket = next_socket();
    std::unique_ptr<device> server;
    std::unique_ptr<device> client;
};

// One frame of each kind of packet that a stack sends, sent from `from` and compared at `to`.
void all_shapes_arrive(device_queue& from, device_queue& to) {
    std::vector<std::string> sent;
    auto send = [&](packet p) {
        sent.push_back(frames::bytes_of(p));
        BOOST_REQUIRE(frames::send(from, std::move(p)));
    };
    for (size_t size : {14, 60, 61, 500, 1514}) {
        send(frames::in_device_buffer(from, frames::pattern(size)));
        send(frames::in_foreign_buffer(frames::pattern(size)));
    }
    for (size_t size : {1, 100, 300, 1400}) {
        packet p = frames::in_device_buffer(from, frames::pattern(54));
        p.fragments.push_back(buffer::copy_of(frames::pattern(size)));
        send(std::move(p));
    }
    // As an echo does: bytes that were received and that others still hold, in two odd pieces.
    packet received = frames::in_device_buffer(from, frames::pattern(1201));
    packet p = frames::in_device_buffer(from, frames::pattern(66));
    p.fragments.push_back(received.head.share(1, 601));
    p.fragments.push_back(received.head.share(700, 333));
    p.fragments.push_back(buffer());
    send(std::move(p));
    // And bytes that nobody else holds any more.
    p = frames::in_device_buffer(from, frames::pattern(66));
    received.head.trim_front(100);
    p.fragments.push_back(std::move(received.head));
    send(std::move(p));
    BOOST_TEST(frames::receive_all(to) == sent, boost::test_tools::per_element());
}

void outlasts_an_empty_pool(device_queue& from, device_queue& to) {
    std::vector<buffer> held;
    while (true) {
        buffer b = from.allocate();
        if (!b.storage()) break;
        held.push_back(std::move(b));
    }
    BOOST_TEST(held.size() > 500u);
    BOOST_TEST(from.counters().no_buffers == 1u);
    BOOST_TEST(!frames::send(from, frames::in_foreign_buffer(frames::pattern(60))));
    held.resize(held.size() - 64);
    BOOST_TEST(frames::send(from, frames::pattern(60)));
    BOOST_TEST(frames::receive_all(to).size() == 1u);
    held.clear();
    all_shapes_arrive(from, to);
}

}  // namespace

BOOST_AUTO_TEST_CASE(frames_cross_a_pair_of_rings_unchanged_and_in_order) {
    auto pair = open_dpdk_ring_pair(small(""));
    all_shapes_arrive(pair.a->queue(0), pair.b->queue(0));
    all_shapes_arrive(pair.b->queue(0), pair.a->queue(0));
    BOOST_TEST(frames::receive_all(pair.a->queue(0)).empty());
}

BOOST_AUTO_TEST_CASE(each_queue_of_a_pair_leads_to_the_same_queue_of_the_other) {
    dpdk_options o = small("");
    o.queues = 3;
    auto pair = open_dpdk_ring_pair(o);
    BOOST_TEST(pair.a->info().queues == 3u);
    for (unsigned q = 0; q < 3; ++q) BOOST_TEST(frames::send(pair.a->queue(q), frames::pattern(60 + q)));
    for (unsigned q = 0; q < 3; ++q) {
        const auto got = frames::receive_all(pair.b->queue(q));
        BOOST_REQUIRE(got.size() == 1u);
        BOOST_TEST(got[0] == frames::pattern(60 + q));
    }
}

BOOST_AUTO_TEST_CASE(counters_tell_frames_bytes_and_bursts) {
    auto pair = open_dpdk_ring_pair(small(""));
    auto& a = pair.a->queue(0);
    auto& b = pair.b->queue(0);
    std::vector<packet> burst(3);
    for (packet& p : burst) p = frames::in_device_buffer(a, frames::pattern(100));
    BOOST_TEST(a.transmit(burst) == 3u);
    for (const packet& p : burst) BOOST_TEST(p.size() == 0u);
    BOOST_TEST(frames::receive_all(b).size() == 3u);
    BOOST_TEST(a.counters().tx_packets == 3u);
    BOOST_TEST(a.counters().tx_bytes == 300u);
    BOOST_TEST(a.counters().tx_bursts == 1u);
    BOOST_TEST(b.counters().rx_packets == 3u);
    BOOST_TEST(b.counters().rx_bytes == 300u);
    BOOST_TEST(b.counters().rx_bursts == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_ring_leaves_the_rest_of_the_packets_with_the_caller) {
    dpdk_options o = small("");
    o.buffers = 4096;
    auto pair = open_dpdk_ring_pair(o);
    auto& a = pair.a->queue(0);
    size_t sent = 0;
    std::vector<packet> burst(8);
    while (true) {
        for (packet& p : burst) {
            p = frames::in_device_buffer(a, frames::pattern(54));
            p.fragments.push_back(buffer::copy_of(frames::pattern(700)));
        }
        const size_t n = a.transmit(burst);
        sent += n;
        if (n < burst.size()) {
            for (size_t i = n; i < burst.size(); ++i) {
                BOOST_TEST(frames::bytes_of(burst[i]) == frames::pattern(54) + frames::pattern(700));
            }
            break;
        }
    }
    BOOST_TEST(sent >= 1000u);
    BOOST_TEST(a.counters().tx_rejected >= 1u);
    BOOST_TEST(frames::receive_all(pair.b->queue(0)).size() == sent);
    BOOST_TEST(a.transmit(std::span(burst).last(1)) == 1u);
}

BOOST_AUTO_TEST_CASE(an_empty_pool_is_survived_and_fills_again) {
    auto pair = open_dpdk_ring_pair(small(""));
    outlasts_an_empty_pool(pair.a->queue(0), pair.b->queue(0));
}

BOOST_AUTO_TEST_CASE(buffers_may_outlive_their_device) {
    buffer kept;
    {
        auto pair = open_dpdk_ring_pair(small(""));
        BOOST_REQUIRE(frames::send(pair.a->queue(0), frames::pattern(333)));
        packet p;
        BOOST_REQUIRE(pair.b->queue(0).receive(std::span(&p, 1)) == 1u);
        kept = std::move(p.head);
    }
    BOOST_TEST(kept.view() == frames::pattern(333));
    kept = buffer();
    auto pair = open_dpdk_ring_pair(small(""));  // frees the pool that was waited for
    all_shapes_arrive(pair.a->queue(0), pair.b->queue(0));
}

BOOST_AUTO_TEST_CASE(a_buffer_offers_room_for_headers_and_a_whole_frame) {
    dpdk_options o = small("ring");
    o.mtu = 9000;
    auto d = open_dpdk_device(o);
    const buffer b = d->queue(0).allocate();
    BOOST_TEST(b.empty());
    BOOST_TEST(b.headroom() >= 128u);
    BOOST_TEST(b.tailroom() >= 9014u);
}

BOOST_AUTO_TEST_CASE(a_ring_gives_back_what_it_was_sent) {
    auto d = open_dpdk_device(small("ring"));
    all_shapes_arrive(d->queue(0), d->queue(0));
}

BOOST_AUTO_TEST_CASE(queues_may_be_driven_by_other_threads) {
    auto pair = open_dpdk_ring_pair(small(""));
    constexpr size_t count = 20'000;
    std::thread sender([&] {
        auto& q = pair.a->queue(0);
        for (size_t i = 0; i < count;) {
            if (frames::send(q, frames::pattern(60 + i % 1400))) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    size_t received = 0;
    bool equal = true;
    while (received < count) {
        const auto got = frames::receive_all(pair.b->queue(0));
        if (got.empty()) std::this_thread::yield();
        for (const auto& f : got) equal = f == frames::pattern(60 + received++ % 1400) && equal;
    }
    sender.join();
    BOOST_TEST(equal);
}

BOOST_AUTO_TEST_CASE(memif_joins_two_devices_without_privileges) {
    memif_pair pair;
    all_shapes_arrive(pair.client->queue(0), pair.server->queue(0));
    all_shapes_arrive(pair.server->queue(0), pair.client->queue(0));
}

BOOST_AUTO_TEST_CASE(memif_has_as_many_queues_as_asked_for) {
    memif_pair pair(2);
    BOOST_TEST(pair.server->info().queues == 2u);
    for (unsigned q = 0; q < 2; ++q) all_shapes_arrive(pair.client->queue(q), pair.server->queue(q));
}

// Its driver says that it carries 1500.
BOOST_AUTO_TEST_CASE(memif_carries_jumbo_frames) {
    memif_pair pair(1, 9000);
    BOOST_TEST(pair.server->info().mtu == 9000u);
    device_queue& client = pair.client->queue(0);
    device_queue& server = pair.server->queue(0);
    for (auto [from, to] : {std::pair(&client, &server), std::pair(&server, &client)}) {
        all_shapes_arrive(*from, *to);
        // Often enough for every slot of the ring to be used again.
        for (int i = 0; i < 600; ++i) {
            const std::string payload = frames::pattern(i % 3 == 0 ? 8946 : size_t(1 + i * 14));
            packet p = frames::in_device_buffer(*from, frames::pattern(66));
            p.fragments.push_back(buffer::copy_of(std::string_view(payload).substr(0, payload.size() / 2)));
            p.fragments.push_back(buffer::copy_of(std::string_view(payload).substr(payload.size() / 2)));
            const std::string whole = frames::bytes_of(p);
            BOOST_REQUIRE(frames::send(*from, std::move(p)));
            const auto got = frames::receive_all(*to);
            BOOST_REQUIRE(got.size() == 1u);
            BOOST_TEST_REQUIRE(got[0] == whole);
        }
    }
}

BOOST_AUTO_TEST_CASE(buffers_come_in_batches_and_all_come_back) {
    auto pair = open_dpdk_ring_pair(small(""));
    device_queue& q = pair.a->queue(0);
    std::vector<packet> packets(100);
    size_t had = 0;
    while (had < packets.size()) {
        const size_t n = q.prepare(std::span(packets).subspan(had));
        BOOST_TEST_REQUIRE(n > 0u);
        had += n;
    }
    for (const packet& p : packets) {
        BOOST_TEST_REQUIRE(p.head.sole_owner());
        BOOST_TEST_REQUIRE(p.head.empty());
        BOOST_TEST_REQUIRE(p.head.headroom() >= 128u);
        BOOST_TEST_REQUIRE(p.head.tailroom() >= 1514u);
    }
    std::vector<std::string> sent;
    for (packet& p : packets) {
        sent.push_back(frames::pattern(60 + sent.size()));
        sent.back().copy(p.head.append(sent.back().size()), sent.back().size());
    }
    BOOST_TEST(q.transmit(packets) == packets.size());
    BOOST_TEST(frames::receive_all(pair.b->queue(0)) == sent, boost::test_tools::per_element());
    outlasts_an_empty_pool(q, pair.b->queue(0));
}

BOOST_AUTO_TEST_CASE(memif_outlasts_an_empty_pool) {
    memif_pair pair;
    outlasts_an_empty_pool(pair.client->queue(0), pair.server->queue(0));
}

BOOST_AUTO_TEST_CASE(a_memif_server_outlives_its_client_and_takes_the_next) {
    memif_pair pair;
    for (int round = 0; round < 3; ++round) {
        pair.client.reset();
        for (int i = 0; i < 1000; ++i) {
            frames::send(pair.server->queue(0), frames::pattern(60));
            frames::receive_all(pair.server->queue(0));
        }
        pair.client = open_dpdk_device(small("memif:client," + pair.socket));
        pair.connect();
        all_shapes_arrive(pair.client->queue(0), pair.server->queue(0));
    }
}

BOOST_AUTO_TEST_CASE(one_capture_is_replayed_and_another_recorded) {
    const std::string in = "replay." + std::to_string(::getpid()) + ".pcap";
    const std::string out = "record." + std::to_string(::getpid()) + ".pcap";
    const std::vector<std::string> expected{frames::pattern(60), frames::pattern(1514)};
    {
        pcap_writer w(in);
        for (const auto& f : expected)
            w.write(time_point(std::chrono::seconds(1)), frames::in_foreign_buffer(f));
    }
    {
        auto d = open_dpdk_device(small("pcap:" + in + "," + out));
        BOOST_TEST(frames::receive_all(d->queue(0)) == expected, boost::test_tools::per_element());
        BOOST_TEST(frames::send(d->queue(0), expected[1]));
    }
    pcap_reader r(out);
    auto recorded = r.next();
    BOOST_REQUIRE(recorded.has_value());
    BOOST_TEST(recorded->bytes.view() == expected[1]);
    BOOST_TEST(!r.next().has_value());
    std::remove(in.c_str());
    std::remove(out.c_str());
}

BOOST_AUTO_TEST_CASE(null_swallows_frames) {
    auto d = open_dpdk_device(small("null"));
    BOOST_TEST(frames::send(d->queue(0), frames::pattern(60)));
    BOOST_TEST(d->queue(0).counters().tx_packets == 1u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_says_why_and_what_would_be_right) {
    BOOST_TEST(mentions(refusal("pigeon:eth0"), "no such kind; there are tap, af_packet"));
    BOOST_TEST(mentions(refusal("tap:"), "the name of the interface is missing"));
    BOOST_TEST(mentions(refusal("tap:much-too-long-a-name"), "at most 15 letters"));
    BOOST_TEST(mentions(refusal("af_packet:nowhere0"), "there is no interface nowhere0 here; there are: "));
    BOOST_TEST(mentions(refusal("memif:/run/x.sock"), "one end must be the server"));
    BOOST_TEST(mentions(refusal("memif:peer,/run/x.sock"), "neither server, client, a /path"));
    BOOST_TEST(mentions(refusal("pcap:"), "one to replay and one to record into"));
    dpdk_options o = small("ring");
    o.queues = 40;
    BOOST_TEST(mentions(refusal(o), "queues, and 40 are wanted, one for each shard"));
    o.fewer_queues = true;
    BOOST_TEST(open_dpdk_device(o)->info().queues == 16u);
    o = small("ring");
    o.mtu = 100;
    BOOST_TEST(mentions(refusal(o), "less than 576"));
    o = small("memif:server," + next_socket());
    o.mtu = 40'000;
    BOOST_TEST(mentions(refusal(o), "it carries an MTU of 46 to 32746 bytes, not 40000"));
    o = small("ring");
    o.buffers = 1'000'000;
    BOOST_TEST(mentions(refusal(o), "no memory for 1000000 buffers"));
}

BOOST_AUTO_TEST_CASE(what_the_system_refuses_keeps_its_code) {
    BOOST_TEST((code("memif:client,/nowhere/at/all.sock") == std::errc::no_such_file_or_directory));
    BOOST_TEST((code("memif:client,@millrace-nobody-there") == std::errc::connection_refused));
    memif_pair pair;
    BOOST_TEST((code("memif:server," + pair.socket) == std::errc::address_in_use));
    BOOST_TEST((code("pcap:/nowhere/in.pcap") == std::errc::no_such_file_or_directory));
    BOOST_TEST((code("dpdk:0000:ff:1f.7") == std::errc::no_such_device));
    BOOST_TEST((code("virtio_user:/nowhere/vhost.sock") == std::errc::no_such_file_or_directory));
}

BOOST_AUTO_TEST_CASE(a_memif_server_is_not_called_by_the_next_one_at_its_path) {
    const std::string path = "/tmp/millrace-test-" + std::to_string(::getpid()) + ".sock";
    const std::string device = "memif:server," + path;
    {
        const plain_listener server(path);
        BOOST_TEST((code(device) == std::errc::address_in_use));
        BOOST_TEST(!server.was_called());
        BOOST_TEST(::access(path.c_str(), F_OK) == 0);
    }
    // The file that it left behind is in nobody's way.
    BOOST_TEST(refusal(device) == "opened");
    std::remove(path.c_str());
}

BOOST_AUTO_TEST_CASE(a_device_refused_leaves_nothing_behind) {
    for (int i = 0; i < 3; ++i)
        BOOST_TEST((code("memif:client,@millrace-nobody") == std::errc::connection_refused));
    memif_pair pair;
    all_shapes_arrive(pair.client->queue(0), pair.server->queue(0));
}

BOOST_AUTO_TEST_SUITE_END()
