#include "net/shard_steering.hh"

#include "core/shard.hh"
#include "net/rss.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;

namespace {

unsigned port_owned_by(unsigned shard) {
    unsigned port = 1000;
    while (rss_owner(flow_hash(peer_ip, our_ip, uint16_t(port), 80), 2) != shard) ++port;
    return port;
}

// Two shards in one thread, each with its host on the same address.
struct two_shards {
    two_shards() : all({.count = 2, .time = &clock}) {
        for (unsigned i = 0; i < 2; ++i) {
            reactor::scope scope(all.at(i));
            all.at(i).add(hosts[i].net);
            group.join(hosts[i].net);
        }
        turns();
    }
    ~two_shards() {
        for (unsigned i = 0; i < 2; ++i) {
            reactor::scope scope(all.at(i));
            group.leave(hosts[i].net);
            all.at(i).remove(hosts[i].net);
        }
    }
    void turns() {
        for (int n = 0; n < 5; ++n)
            for (unsigned i = 0; i < 2; ++i) all.at(i).turn();
    }

    manual_clock clock;
    steering_group group{2};
    shards all;
    host hosts[2];
};

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(a_flows_packets_reach_its_shard_in_order_wherever_they_arrive) {
    two_shards s;
    unsigned port = port_owned_by(1);
    for (unsigned i = 0; i < 100; ++i) s.hosts[0].queue.arrive(tcp_frame(port, 80, std::to_string(i)));
    s.turns();
    BOOST_TEST(s.hosts[0].upper.datagrams.empty());
    BOOST_TEST_REQUIRE(s.hosts[1].upper.datagrams.size() == 100u);
    for (unsigned i = 0; i < 100; ++i)
        BOOST_TEST(s.hosts[1].upper.datagrams[i].bytes.substr(20) == std::to_string(i));
    BOOST_TEST(s.hosts[0].queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(packets_for_a_shard_that_left_are_dropped) {
    two_shards s;
    {
        reactor::scope scope(s.all.at(1));
        s.group.leave(s.hosts[1].net);
    }
    s.hosts[0].queue.arrive(tcp_frame(port_owned_by(1), 80, "x"));
    s.turns();
    BOOST_TEST(s.hosts[1].upper.datagrams.empty());
    BOOST_TEST(s.hosts[0].queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
