#include "net/dpdk/device_spec.hh"

#include "net/dpdk_device.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

namespace {

device_spec parse(const std::string& text, spec_wishes wishes = {}) {
    return parse_device_spec(text, wishes);
}

}  // namespace

BOOST_AUTO_TEST_CASE(tap_names_its_interface) {
    const device_spec s = parse("tap:tap0");
    BOOST_TEST(s.driver == "net_tap");
    BOOST_TEST(s.arguments == "iface=tap0");
    BOOST_TEST(s.place == "tap0");
    BOOST_TEST(!s.is_pci());
}

BOOST_AUTO_TEST_CASE(memif_takes_a_role_a_socket_and_more_in_any_order) {
    device_spec s = parse("memif:server,/run/x.sock,id=3");
    BOOST_TEST(s.arguments == "role=server,socket=/run/x.sock,socket-abstract=no,id=3");
    BOOST_TEST(s.memif_server);
    s = parse("memif:@name,client");
    BOOST_TEST(s.arguments == "role=client,socket=name,socket-abstract=yes");
    BOOST_TEST(s.abstract_socket);
    BOOST_TEST(!s.memif_server);
    s = parse("memif:role=client,socket=/a,rsize=11");
    BOOST_TEST(s.arguments == "role=client,socket=/a,socket-abstract=no,rsize=11");
}

BOOST_AUTO_TEST_CASE(memif_buffers_hold_a_frame_of_the_mtu) {
    BOOST_TEST(parse("memif:server", {.frame_bytes = 9022}).arguments.ends_with(",bsize=16384"));
    BOOST_TEST(parse("memif:server", {.frame_bytes = 40'022}).arguments.ends_with(",bsize=32768"));
    BOOST_TEST(parse("memif:server,bsize=4096", {.frame_bytes = 9022}).arguments.ends_with(",bsize=4096"));
}

BOOST_AUTO_TEST_CASE(devices_of_the_kernel_are_told_their_queues) {
    BOOST_TEST(parse("af_packet:eth0", {.queues = 2}).arguments ==
               "iface=eth0,qpairs=2,framesz=2048,blocksz=4096");
    BOOST_TEST(parse("af_xdp:eth0", {.queues = 2}).arguments == "iface=eth0,queue_count=2");
    BOOST_TEST(parse("virtio_user:/run/v.sock", {.queues = 2}).arguments == "path=/run/v.sock,queues=2");
}

BOOST_AUTO_TEST_CASE(pcap_replays_and_records) {
    BOOST_TEST(parse("pcap:in.pcap,out.pcap").arguments == "rx_pcap=in.pcap,tx_pcap=out.pcap");
    BOOST_TEST(parse("pcap:in.pcap").arguments == "rx_pcap=in.pcap");
    BOOST_TEST(parse("pcap:,out.pcap").arguments == "tx_pcap=out.pcap");
}

BOOST_AUTO_TEST_CASE(what_is_behind_dpdk_goes_to_dpdk_as_it_is) {
    device_spec s = parse("dpdk:0000:3b:00.0,txq_inline=0");
    BOOST_TEST(s.arguments == "0000:3b:00.0,txq_inline=0");
    BOOST_TEST(s.place == "0000:3b:00.0");
    BOOST_TEST(s.is_pci());
    s = parse("dpdk:net_null0,size=128");
    BOOST_TEST(!s.is_pci());
}

BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
    for (const char* text :
         {"", "tap", "tap:", "tap:a/b", "tap:a,b", "tap:a%d", "memif", "memif:what",
          "virtio_user:", "pcap:", "pcap:a,b,c", "pcap:rx_pcap=a", "dpdk:", "kernel", "tapir:x"}) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_CHECK_THROW(parse(text), device_error);
        }
    }
}

BOOST_AUTO_TEST_CASE(names_of_our_kinds_are_known) {
    for (const char* text : {"tap:x", "memif:server", "ring", "dpdk:0000:3b:00.0"})
        BOOST_TEST(is_dpdk_device(text));
    for (const char* text : {"kernel", "", "taps:x", "sim"}) BOOST_TEST(!is_dpdk_device(text));
}

BOOST_AUTO_TEST_SUITE_END()
