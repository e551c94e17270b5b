// Many connections that have something to send, and a device that takes a few frames at a time.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace millrace;

namespace {

constexpr uint16_t port = 7;
constexpr unsigned crowd = 200;
constexpr unsigned frames_at_once = 8;

struct host {
    host(manual_clock& time, net::device& device, const char* cidr) : loop({.time = &time}) {
        net::interface_config c;
        c.addresses = {net::prefix::parse(cidr).value()};
        c.transmit_queue = frames_at_once;
        reactor::scope here(loop);
        network = std::make_unique<tcp::native_network>(loop, device, 0, c);
    }
    ~host() {
        reactor::scope here(loop);
        network.reset();
    }
    reactor loop;
    std::unique_ptr<tcp::native_network> network;
};

struct crowded {
    crowded() {
        {
            reactor::scope here(server.loop);
            background(serve());
        }
        for (unsigned i = 0; i < crowd; ++i) {
            {
                reactor::scope here(client.loop);
                background(open());
            }
            for (int n = 0; n < 10; ++n) turn();
        }
        BOOST_TEST_REQUIRE(streams.size() == crowd);
    }
    ~crowded() {
        {
            reactor::scope here(client.loop);
            for (net::stream& s : streams)
                if (s) s.abort();
            client_turn();
            streams.clear();
        }
        reactor::scope here(server.loop);
        server.network->stop_listening();
        server.network->abort_connections();
        server.loop.turn();
    }

    future<> read(net::stream s) {
        try {
            while (const buffer b = co_await s.read()) heard += b.view();
        } catch (const std::system_error&) {
        }
    }
    future<> serve() {
        net::listener l = server.network->listen({.port = port});
        while (auto s = co_await l.accept()) background(read(std::move(*s)));
    }
    future<> open() {
        streams.push_back(co_await client.network->connect({net::ipv4_address(10, 0, 0, 1), port}));
    }
    void client_turn() {
        client.loop.turn();
        time.advance(std::chrono::microseconds(1));
    }
    void turn() {
        client_turn();
        server.loop.turn();
    }
    // All write a byte of their own.
    std::string write() {
        reactor::scope here(client.loop);
        std::string said;
        for (unsigned i = 0; i < crowd; ++i) {
            said.push_back(char(i + 1));
            streams[i].write(std::string_view(said).substr(i)).get();
        }
        return said;
    }

    manual_clock time;
    net::link_pair link = net::make_link({.queue_packets = frames_at_once});
    host server{time, *link.a, "10.0.0.1/24"};
    host client{time, *link.b, "10.0.0.2/24"};
    std::vector<net::stream> streams;
    std::string heard;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(host_full_device, crowded)

BOOST_AUTO_TEST_CASE(those_who_wait_for_room_are_served_in_the_order_in_which_they_came) {
    const std::string said = write();
    for (int i = 0; i < 10; ++i) client_turn();  // the device is full
    BOOST_TEST(heard == "");
    for (unsigned i = 0; i < crowd && heard.size() < crowd; ++i) turn();
    BOOST_TEST(heard == said);
    BOOST_TEST(client.network->counters().not_sent == 0u);
    BOOST_TEST(client.network->counters().retransmissions == 0u);
}

BOOST_AUTO_TEST_CASE(a_full_device_keeps_no_reader_waiting_for_the_end_of_what_was_aborted) {
    write();
    for (int i = 0; i < 10; ++i) client_turn();
    reactor::scope here(client.loop);
    future<buffer> reading = streams.back().read();
    client_turn();
    BOOST_TEST(!reading.available());
    streams.back().abort();
    client_turn();
    BOOST_TEST(reading.available());
    if (reading.available()) BOOST_CHECK_THROW(reading.get(), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
