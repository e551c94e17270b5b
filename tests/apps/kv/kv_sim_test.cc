// millrace-kv's own code on two shards of a simulated host, with a device of two queues, and clients on
// another host.
#include "apps/kv/server.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/random.hh"
#include "core/shard.hh"
#include "net/shard_steering.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <map>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 6379;

net::interface_config config_for(const char* cidr) {
    net::interface_config c;
    c.addresses = {net::prefix::parse(cidr).value()};
    return c;
}

net::wire_setup bad_wire(bool spreads_flows) {
    net::wire_setup setup;
    setup.a_to_b = setup.b_to_a = {
        .delay = 2ms, .jitter = 1ms, .loss = 0.01, .reorder = 0.01, .duplicate = 0.01, .corrupt = 0.01};
    setup.b.queues = 2;
    setup.b.spreads_flows = spreads_flows;
    return setup;
}

// The server's host has two shards; without RSS all frames come in by the first one's queue.
struct kv_world {
    kv_world(uint64_t seed, bool spreads_flows)
        : world(seed),
          wire(world.add_wire(bad_wire(spreads_flows))),
          client_loop(world.add_reactor()),
          group({.count = 2, .time = &world.clock(), .seed = seed}) {
        {
            reactor::scope here(client_loop);
            client =
                std::make_unique<tcp::native_network>(client_loop, wire.a(), 0, config_for("10.0.0.1/24"));
        }
        for (unsigned i = 0; i < 2; ++i) {
            world.add(group.at(i));
            reactor::scope here(group.at(i));
            networks[i] = std::make_unique<tcp::native_network>(
                group.at(i), wire.b(), i, config_for("10.0.0.2/24"), tcp::native_settings{}, &steering);
        }
        await([&] { return servers.start(kv::settings{}, kv::hash_seed{1, 2}, std::ref(servers)); });
        for (unsigned i = 0; i < 2; ++i) {
            reactor::scope here(group.at(i));
            background(servers.local().serve(*networks[i], {.port = port}));
        }
    }
    ~kv_world() {
        for (unsigned i = 0; i < 2; ++i) {
            reactor::scope here(group.at(i));
            background(networks[i]->stop());
        }
        world.run_for(1min);
        await([&] { return servers.stop(); });
        for (unsigned i = 0; i < 2; ++i) {
            reactor::scope here(group.at(i));
            networks[i].reset();
            world.remove(group.at(i));
        }
        reactor::scope here(client_loop);
        client.reset();
    }

    // Of shard 0.
    template <typename F>
    void await(F f) {
        std::optional<future<>> done;
        {
            reactor::scope here(group.at(0));
            done = f();
        }
        world.run_until([&] { return done->available(); });
        reactor::scope here(group.at(0));
        done->get();
    }

    net::world world;
    net::wire& wire;
    reactor& client_loop;
    net::steering_group steering{2};
    shards group;
    std::unique_ptr<tcp::native_network> networks[2];
    std::unique_ptr<tcp::native_network> client;
    sharded<kv::server> servers;
};

std::string command(std::initializer_list<std::string_view> words) {
    std::string text = fmt::format("*{}\r\n", words.size());
    for (std::string_view w : words) text += fmt::format("${}\r\n{}\r\n", w.size(), w);
    return text;
}

future<std::string> ask(net::stream& s, std::string question, size_t answer_bytes) {
    co_await s.write(std::string_view(question));
    std::string answer;
    while (answer.size() < answer_bytes) {
        buffer b = co_await s.read();
        if (!b) break;
        answer += b.view();
    }
    co_return answer;
}

// Pipelines of SETs, then GETs of the same keys, which lie on both shards.
future<> work(net::network& n, unsigned client, unsigned& right, unsigned& done) {
    net::stream s = co_await n.connect({net::ipv4_address(10, 0, 0, 2), port});
    for (unsigned round = 0; round < 5; ++round) {
        std::string sets, set_answers, gets, get_answers;
        for (unsigned i = 0; i < 20; ++i) {
            const std::string key = fmt::format("key:{}:{}", client, i);
            const std::string value(1 + (client * 7 + round * 13 + i * 29) % 500, char('a' + round));
            sets += command({"SET", key, value});
            set_answers += "+OK\r\n";
            gets += command({"GET", key});
            get_answers += fmt::format("${}\r\n{}\r\n", value.size(), value);
        }
        right += co_await ask(s, sets, set_answers.size()) == set_answers;
        right += co_await ask(s, gets, get_answers.size()) == get_answers;
    }
    co_await s.close();
    ++done;
}

void run(uint64_t seed, bool spreads_flows) {
    kv_world w(seed, spreads_flows);
    constexpr unsigned clients = 20;
    unsigned right = 0, done = 0;
    {
        reactor::scope here(w.client_loop);
        for (unsigned i = 0; i < clients; ++i) background(work(*w.client, i, right, done));
    }
    BOOST_TEST(w.world.run_until([&] { return done == clients; }, 30min));
    BOOST_TEST(right == clients * 10);
    // Each connection stayed on the shard that its flow belongs to.
    BOOST_TEST(w.networks[0]->counters().accepted > 0u);
    BOOST_TEST(w.networks[1]->counters().accepted > 0u);
    BOOST_TEST(w.networks[0]->counters().accepted + w.networks[1]->counters().accepted == clients);
    if (!spreads_flows) BOOST_TEST(w.networks[0]->interface().counters().steered_out > 0u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_sim)

BOOST_AUTO_TEST_CASE(keys_of_both_shards_are_answered_on_any_connection_over_a_bad_wire) {
    for (uint64_t seed = 1; seed <= 3; ++seed) run(seed, true);
}

BOOST_AUTO_TEST_CASE(a_device_without_rss_is_steered_in_software) {
    for (uint64_t seed = 1; seed <= 3; ++seed) run(seed, false);
}

BOOST_AUTO_TEST_SUITE_END()
