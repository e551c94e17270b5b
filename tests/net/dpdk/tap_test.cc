// The kernel at the other end of a TAP interface.
#include "net/checksum.hh"
#include "net/dpdk_device.hh"
#include "net/sim/offload.hh"
#include "tests/support/net_frames.hh"
#include "tests/support/net_namespace.hh"

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <cstring>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

namespace {

std::unique_ptr<device> open_tap(const std::string& name, unsigned queues = 1) {
    dpdk_options o;
    o.device = "tap:" + name;
    o.queues = queues;
    o.buffers = 1024;
    auto d = open_dpdk_device(o);
    BOOST_REQUIRE(set_up(name));
    return d;
}

// The kernel's end, with our own type of frame, so that nothing of the kernel's own is among them.
class kernel_end {
 public:
    explicit kernel_end(const std::string& name, uint16_t type = ETH_P_802_EX1)
        : fd_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(type))) {
        sockaddr_ll at{};
        at.sll_family = AF_PACKET;
        at.sll_protocol = htons(type);
        at.sll_ifindex = int(::if_nametoindex(name.c_str()));
        BOOST_REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    }
    ~kernel_end() { ::close(fd_); }

    void send(const std::string& frame) {
        BOOST_REQUIRE(::send(fd_, frame.data(), frame.size(), 0) == ssize_t(frame.size()));
    }
    std::string receive() {
        pollfd p{.fd = fd_, .events = POLLIN, .revents = 0};
        if (::poll(&p, 1, 2000) != 1) return {};
        std::string frame(65536, '\0');
        const ssize_t n = ::recv(fd_, frame.data(), frame.size(), 0);
        frame.resize(n < 0 ? 0 : size_t(n));
        return frame;
    }

 private:
    int fd_;
};

std::string frame_to(const mac_address& to, size_t size) {
    std::string f = frames::pattern(size);
    to.write(reinterpret_cast<uint8_t*>(f.data()));
    f[6] = 2;  // no group address
    f[12] = char(0x88), f[13] = char(0xb5);
    return f;
}

bool ours(const std::string& frame) {
    return frame.size() > 14 && frame[12] == char(0x88) && frame[13] == char(0xb5);
}

// The next of our type in any queue, waiting on the queues' descriptors as an idle shard does.
std::string receive(device& d) {
    for (int look = 0; look < 200; ++look) {
        std::vector<pollfd> fds;
        for (unsigned q = 0; q < d.info().queues; ++q) {
            packet p;
            while (d.queue(q).receive(std::span(&p, 1)) == 1) {
                if (ours(frames::bytes_of(p))) return frames::bytes_of(p);
            }
            BOOST_REQUIRE(d.queue(q).wakeup_fd() >= 0);
            d.queue(q).arm_wakeup();
            fds.push_back({.fd = d.queue(q).wakeup_fd(), .events = POLLIN, .revents = 0});
        }
        ::poll(fds.data(), fds.size(), 10);
        for (unsigned q = 0; q < d.info().queues; ++q) d.queue(q).disarm_wakeup();
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(frames_reach_the_kernel_and_come_from_it,
                     *boost::unit_test::precondition(a_namespace())) {
    auto d = open_tap("mrtest0");
    kernel_end kernel("mrtest0");
    for (size_t size : {60, 61, 777, 1514}) {
        const std::string out = frame_to(mac_address::broadcast(), size);
        BOOST_TEST(frames::send(d->queue(0), out));
        BOOST_TEST((kernel.receive() == out));
        const std::string in = frame_to(d->info().mac, size);
        kernel.send(in);
        BOOST_TEST((receive(*d) == in));
    }
    packet p = frames::in_device_buffer(d->queue(0), frame_to(mac_address::broadcast(), 54));
    p.fragments.push_back(buffer::copy_of(frames::pattern(1000)));
    const std::string chained = frames::bytes_of(p);
    BOOST_TEST(frames::send(d->queue(0), std::move(p)));
    BOOST_TEST((kernel.receive() == chained));
}

// TSO: as librte_gso does it behind the driver of TAP, which numbers the packets, too.
BOOST_AUTO_TEST_CASE(a_run_of_segments_is_cut_by_the_device, *boost::unit_test::precondition(a_namespace())) {
    dpdk_options o;
    o.device = "dpdk:net_tap7,iface=mrtest7";
    o.buffers = 1024;
    auto d = open_dpdk_device(o);
    BOOST_REQUIRE(set_up("mrtest7"));
    BOOST_TEST_REQUIRE(d->info().cuts_bytes >= 60'000u);
    BOOST_TEST(d->info().piece_bytes == 1486u);
    kernel_end kernel("mrtest7", ETH_P_IP);
    const ipv4_address from(10, 1, 2, 3), to(10, 1, 2, 4);
    for (const size_t bytes : {1435, 5000, 60'000}) {
        std::string header(14 + 20 + 32, '\0');
        auto* h = reinterpret_cast<uint8_t*>(header.data());
        mac_address::broadcast().write(h);
        h[6] = 2;
        h[12] = 8;
        h[14] = 0x45;
        h[16] = uint8_t((52 + bytes) >> 8);
        h[17] = uint8_t(52 + bytes);
        h[20] = 0x40;  // DF
        h[22] = 64;
        h[23] = 6;
        from.write(h + 26);
        to.write(h + 30);
        h[38] = h[39] = 0xff;  // the numbers go round
        h[46] = 0x80;
        h[47] = 0x18;  // ACK and PSH
        const uint16_t pseudo = fold(pseudo_header_sum(from, to, 6));
        std::memcpy(h + 50, &pseudo, 2);
        packet p = frames::in_device_buffer(d->queue(0), header);
        p.fragments.push_back(buffer::copy_of(frames::pattern(bytes)));
        p.offload_ip_checksum = p.offload_l4_checksum = true;
        p.segment_bytes = 1434;
        p.l2_bytes = 14;
        p.l3_bytes = 20;
        p.l4_bytes = 32;
        std::vector<std::string> wanted;
        cut_segments(p, [&](packet& piece) {
            fill_checksums(piece);
            wanted.push_back(frames::bytes_of(piece));
        });
        BOOST_TEST(wanted.size() == (bytes + 1433) / 1434);
        BOOST_TEST(d->queue(0).transmit(std::span(&p, 1)) == 1u);
        for (const std::string& frame : wanted) {
            packet got;
            got.head = buffer::copy_of(kernel.receive());
            BOOST_TEST_REQUIRE(got.head.size() == frame.size());
            verify_checksums(got);
            BOOST_TEST((got.ip_checksum == checksum_verdict::good));
            BOOST_TEST((got.l4_checksum == checksum_verdict::good));
            std::memcpy(got.head.mutable_data() + 18, frame.data() + 18, 2);
            std::memcpy(got.head.mutable_data() + 24, frame.data() + 24, 2);
            BOOST_TEST((got.head.view() == frame));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_address_is_not_the_kernels_own, *boost::unit_test::precondition(a_namespace())) {
    dpdk_options o;
    o.device = "tap:mrtest1";
    o.mac = mac_address({0x02, 1, 2, 3, 4, 5});
    BOOST_TEST((open_dpdk_device(o)->info().mac == *o.mac));
}

BOOST_AUTO_TEST_CASE(a_tap_has_as_many_queues_as_shards, *boost::unit_test::precondition(a_namespace())) {
    auto d = open_tap("mrtest2", 3);
    BOOST_TEST(d->info().queues == 3u);
    BOOST_TEST(!d->info().spreads_flows);
    kernel_end kernel("mrtest2");
    for (unsigned q = 0; q < 3; ++q) {
        const std::string out = frame_to(mac_address::broadcast(), 100 + q);
        BOOST_TEST(frames::send(d->queue(q), out));
        BOOST_TEST((kernel.receive() == out));
    }
    const std::string in = frame_to(d->info().mac, 99);
    kernel.send(in);
    BOOST_TEST((receive(*d) == in));
}

BOOST_AUTO_TEST_CASE(the_interface_goes_with_the_device, *boost::unit_test::precondition(a_namespace())) {
    open_tap("mrtest3").reset();
    BOOST_TEST(::if_nametoindex("mrtest3") == 0u);
    BOOST_TEST((open_tap("mrtest3") != nullptr));
}

// Who waits for the interface to give it an address must not find one that goes again. The kernel counts what
// it makes in a namespace.
BOOST_AUTO_TEST_CASE(the_interface_is_made_once, *boost::unit_test::precondition(a_namespace())) {
    const auto first = open_tap("mrtest8");
    const auto second = open_tap("mrtest9");
    BOOST_TEST(::if_nametoindex("mrtest9") == ::if_nametoindex("mrtest8") + 1);
}

BOOST_AUTO_TEST_CASE(an_interface_in_use_is_refused, *boost::unit_test::precondition(a_namespace())) {
    try {
        dpdk_options o;
        o.device = "tap:lo";
        open_dpdk_device(o);
        BOOST_TEST(false);
    } catch (const std::system_error& e) {
        BOOST_TEST(std::string(e.what()).find("device \"tap:lo\"") != std::string::npos);
    }
}

// The kernel would give each of them a share of the frames.
BOOST_AUTO_TEST_CASE(an_interface_that_another_program_holds_is_refused,
                     *boost::unit_test::precondition(a_namespace())) {
    const auto first = open_tap("mrtest6");
    dpdk_options o;
    o.device = "tap:mrtest6";
    try {
        open_dpdk_device(o);
        BOOST_TEST(false);
    } catch (const std::system_error& e) {
        BOOST_TEST(std::string(e.what()).find("another program holds the interface mrtest6") !=
                   std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(packet_sockets_carry_frames_of_an_interface,
                     *boost::unit_test::precondition(a_namespace())) {
    auto tap = open_tap("mrtest4");
    dpdk_options o;
    o.device = "af_packet:mrtest4";
    o.buffers = 1024;
    auto d = open_dpdk_device(o);
    const std::string out = frame_to(mac_address::broadcast(), 500);
    packet p = frames::in_device_buffer(d->queue(0), out.substr(0, 60));
    p.fragments.push_back(buffer::copy_of(out.substr(60)));
    BOOST_TEST(frames::send(d->queue(0), std::move(p)));
    BOOST_TEST((receive(*tap) == out));

    const std::string in = frame_to(mac_address::broadcast(), 300);
    BOOST_TEST(frames::send(tap->queue(0), in));
    std::string got;
    for (int look = 0; look < 1000 && got.empty(); ++look) {
        for (const auto& f : frames::receive_all(d->queue(0))) {
            if (ours(f)) got = f;
        }
        ::poll(nullptr, 0, 1);
    }
    BOOST_TEST((got == in));
}

BOOST_AUTO_TEST_SUITE_END()
