// What an echo costs on a connection that is warm.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"
#include "tests/support/allocations.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace millrace;

namespace {

constexpr uint16_t port = 7;

future<> echo(net::stream s) {
    while (buffer b = co_await s.read()) co_await s.write(std::move(b));
    co_await s.close();
}

future<> serve(net::network& network) {
    net::listener l = network.listen({.port = port});
    while (auto s = co_await l.accept()) background(echo(std::move(*s)));
}

future<> ask(net::network& network, unsigned requests, unsigned& answered, bool& ended) {
    const std::string message(64, 'x');
    net::stream s = co_await network.connect({net::ipv4_address(10, 0, 0, 1), port});
    for (; answered < requests; ++answered) {
        co_await s.write(std::string_view(message));
        for (size_t got = 0; got < message.size();) got += (co_await s.read()).size();
    }
    co_await s.close();
    ended = true;
}

struct host {
    host(manual_clock& time, net::device& device, const char* cidr) : loop({.time = &time}) {
        net::interface_config c;
        c.addresses = {net::prefix::parse(cidr).value()};
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

}  // namespace

BOOST_AUTO_TEST_SUITE(host_warm_path)

BOOST_AUTO_TEST_CASE(an_echo_allocates_nothing_and_takes_one_packet_each_way) {
    manual_clock time;
    net::link_pair link = net::make_link();
    host server(time, *link.a, "10.0.0.1/24"), client(time, *link.b, "10.0.0.2/24");
    constexpr unsigned warm = 500, counted = 5000;
    unsigned answered = 0;
    bool ended = false;
    {
        reactor::scope here(server.loop);
        background(serve(*server.network));
    }
    {
        reactor::scope here(client.loop);
        background(ask(*client.network, warm + counted, answered, ended));
    }
    uint64_t allocated = 0, segments_before = 0, segments = 0;
    while (!ended) {
        client.loop.turn();
        const bool counts = answered >= warm && answered < warm + counted;
        const uint64_t n = test::allocations_of([&] { server.loop.turn(); });
        if (counts) allocated += n;
        time.advance(std::chrono::microseconds(1));
        if (answered == warm) segments_before = server.network->counters().segments_out;
        if (answered == warm + counted && segments == 0)
            segments = server.network->counters().segments_out - segments_before;
    }
    BOOST_TEST(allocated == 0u);
    BOOST_TEST(segments <= counted + 2);
    reactor::scope here(server.loop);
    server.network->stop_listening();
    server.loop.turn();
}

BOOST_AUTO_TEST_SUITE_END()
