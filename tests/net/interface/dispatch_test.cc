#include "net/interface/dispatch.hh"

#include "core/run_queue.hh"
#include "net/rss.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;

namespace {

// Shard 0 of two; keeps what is forwarded.
struct fake_steering final : steering {
    unsigned shards() const noexcept override { return 2; }
    unsigned self() const noexcept override { return me; }
    bool forward(unsigned shard, steered&& what) noexcept override {
        if (full) return false;
        to.push_back(shard);
        sent.push_back(std::move(what));
        return true;
    }
    unsigned me = 0;
    bool full = false;
    std::vector<unsigned> to;
    std::vector<steered> sent;
};

// Two shards' interfaces of one address, joined by hand.
struct pair_of_shards {
    pair_of_shards() : scope(tasks) {
        way[1].me = 1;
        for (unsigned i = 0; i < 2; ++i) shard[i].net.attach(&way[i]);
        for (auto& s : shard) s.settle();
        exchange();
    }
    ~pair_of_shards() { tasks.run(1000); }

    void exchange() {
        for (unsigned i = 0; i < 2; ++i) {
            for (auto& s : std::exchange(way[i].sent, {})) shard[1 - i].net.accept(std::move(s));
            way[i].to.clear();
        }
        for (auto& s : shard) s.turn();
    }

    run_queue tasks;
    run_queue::scope scope;
    fake_steering way[2];
    host shard[2];
};

unsigned port_owned_by(unsigned shard) {
    unsigned port = 1000;
    while (rss_owner(flow_hash(peer_ip, our_ip, uint16_t(port), 80), 2) != shard) ++port;
    return port;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(flows_of_another_shard_are_handed_to_it_in_order) {
    pair_of_shards p;
    unsigned ours = port_owned_by(0), theirs = port_owned_by(1);
    for (auto text : {"one", "two", "three"}) {
        p.shard[0].queue.arrive(tcp_frame(ours, 80, text));
        p.shard[0].queue.arrive(tcp_frame(theirs, 80, text));
    }
    p.shard[0].turn();
    BOOST_TEST(p.shard[0].upper.datagrams.size() == 3u);
    BOOST_TEST(p.shard[0].net.counters().steered_out == 3u);
    BOOST_TEST((p.way[0].to == std::vector<unsigned>{1, 1, 1}));
    p.exchange();
    BOOST_TEST_REQUIRE(p.shard[1].upper.datagrams.size() == 3u);
    BOOST_TEST(p.shard[1].net.counters().steered_in == 3u);
    BOOST_TEST(p.shard[1].upper.datagrams[0].bytes == tcp(peer_ip, our_ip, theirs, 80, "one"));
    BOOST_TEST(p.shard[1].upper.datagrams[2].bytes == tcp(peer_ip, our_ip, theirs, 80, "three"));
    BOOST_TEST(p.shard[1].upper.datagrams[0].flow_hash == flow_hash(peer_ip, our_ip, uint16_t(theirs), 80));
    BOOST_TEST(p.shard[0].queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(what_a_full_mailbox_refuses_is_counted) {
    pair_of_shards p;
    p.way[0].full = true;
    p.shard[0].receives(tcp_frame(port_owned_by(1), 80, "x"));
    BOOST_TEST(p.shard[0].dropped(drop_reason::steering_full) == 1u);
    BOOST_TEST(p.shard[0].queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(errors_are_told_to_the_owner_of_the_flow) {
    pair_of_shards p;
    unsigned theirs = port_owned_by(1);
    std::string quoted =
        ip({.source = our_ip, .destination = peer_ip}, tcp(our_ip, peer_ip, 80, theirs, "q"));
    p.shard[0].receives(ip_frame({.source = router_ip, .protocol = 1}, icmp_message(3, 4, 1300, quoted)));
    BOOST_TEST(p.shard[0].upper.errors.empty());
    p.exchange();
    BOOST_TEST_REQUIRE(p.shard[1].upper.errors.size() == 1u);
    BOOST_TEST(p.shard[1].upper.quoted[0] == tcp(our_ip, peer_ip, 80, theirs, "q"));
    BOOST_TEST(p.shard[1].net.make_path({}, peer_ip, ip_protocol::tcp)->mtu() == 1300);
}

BOOST_AUTO_TEST_CASE(neighbours_learned_on_one_shard_are_known_to_the_other) {
    pair_of_shards p;
    const ipv4_address other(10, 0, 0, 9);
    auto way = p.shard[1].net.make_path({}, other, ip_protocol::tcp);
    BOOST_TEST(is_arp(p.shard[1].sends(*way, tcp(our_ip, other, 80, 1, "x")).at(0)));
    p.shard[0].receives(arp_frame(our_mac, 2, router_mac, other, our_mac, our_ip));
    for (auto& s : std::exchange(p.way[0].sent, {})) p.shard[1].net.accept(std::move(s));
    auto sent = p.shard[1].turn();
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(is_valid_ip(sent[0]));
    BOOST_TEST(sent[0].substr(0, 6) == bytes_of(router_mac));
}

BOOST_AUTO_TEST_CASE(answers_to_a_dynamic_port_come_to_the_shard_that_asked) {
    pair_of_shards p;
    for (unsigned i = 0; i < 2; ++i) {
        auto s = p.shard[i].net.open_datagram({});
        BOOST_TEST(s.local().port % 2 == i);
        p.shard[1 - i].receives(udp_frame(53, s.local().port, "answer"));
        p.exchange();
        auto f = s.receive();
        BOOST_TEST_REQUIRE(f.available());
        BOOST_TEST(f.get().data.view() == "answer");
    }
}

BOOST_AUTO_TEST_CASE(a_port_without_a_socket_is_complained_about_by_its_owner) {
    pair_of_shards p;
    p.shard[0].receives(udp_frame(53, 50'001, "answer"));
    for (auto& s : std::exchange(p.way[0].sent, {})) p.shard[1].net.accept(std::move(s));
    auto sent = p.shard[1].turn();
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(l4_of(sent[0]) ==
               icmp_message(3, 3, 0, ip({.protocol = 17}, udp(peer_ip, our_ip, 53, 50'001, "answer"))));
}

BOOST_AUTO_TEST_CASE(only_the_first_shard_announces_the_addresses) {
    fake_steering way[2];
    way[1].me = 1;
    for (unsigned i = 0; i < 2; ++i) {
        host h;
        h.net.attach(&way[i]);
        BOOST_TEST(h.turn().size() == 1 - i);
    }
}

BOOST_AUTO_TEST_SUITE_END()
