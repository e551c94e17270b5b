// What a queue makes of a driver's refusals.
#include "net/dpdk_device.hh"
#include "tests/support/net_frames.hh"
#include "tests/support/net_namespace.hh"

#include <rte_ethdev.h>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

using namespace millrace;
using namespace millrace::net;

namespace {

uint16_t refuse_runs(void*, rte_mbuf** frames, uint16_t n) {
    for (uint16_t i = 0; i < n; ++i)
        if (frames[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG) return i;
    return n;
}

// As a driver would, of every device that there is.
void refuse_all_runs() {
    uint16_t id;
    RTE_ETH_FOREACH_DEV(id) rte_eth_fp_ops[id].tx_pkt_prepare = refuse_runs;
}

packet plain(device_queue& q) {
    return frames::in_device_buffer(q, frames::pattern(100));
}

packet run(device_queue& q) {
    std::string header(14 + 20 + 32, '\0');
    header[12] = 8;
    header[14] = 0x45;
    header[23] = 6;
    packet p = frames::in_device_buffer(q, header);
    p.fragments.push_back(buffer::copy_of(frames::pattern(4000)));
    p.offload_ip_checksum = p.offload_l4_checksum = true;
    p.segment_bytes = 1434;
    p.l2_bytes = 14;
    p.l3_bytes = 20;
    p.l4_bytes = 32;
    return p;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// It is lost alone, which is not for want of room, and whoever makes runs can ask.
BOOST_AUTO_TEST_CASE(a_run_that_the_driver_refuses_holds_up_nothing,
                     *boost::unit_test::precondition(a_namespace())) {
    dpdk_options o;
    o.device = "dpdk:net_tap8,iface=mrtest8";
    o.buffers = 1024;
    auto d = open_dpdk_device(o);
    BOOST_REQUIRE(set_up("mrtest8"));
    device_queue& q = d->queue(0);
    std::array<packet, 3> good{plain(q), run(q), plain(q)};
    BOOST_TEST(q.transmit(good) == 3u);
    BOOST_TEST(!q.refuses_runs());

    refuse_all_runs();
    std::array<packet, 6> mixed{plain(q), run(q), plain(q), run(q), plain(q), plain(q)};
    BOOST_TEST(q.transmit(mixed) == 6u);
    for (const packet& p : mixed) BOOST_TEST(p.size() == 0u);
    BOOST_TEST(q.counters().tx_packets == 7u);
    BOOST_TEST(q.counters().tx_refused == 2u);
    BOOST_TEST(q.counters().tx_rejected == 0u);
    BOOST_TEST(q.refuses_runs());
}

BOOST_AUTO_TEST_SUITE_END()
