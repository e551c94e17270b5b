// Peers that send and never read may hold what their own connections may hold, and nothing of the others'.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "tests/support/sim_hosts.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 7;

future<> echo(net::stream s) {
    try {
        while (buffer b = co_await s.read()) co_await s.write(std::move(b));
        co_await s.close();
    } catch (const std::system_error&) {
    }
}

future<> serve(net::network& network) {
    net::listener l = network.listen({.port = port});
    while (auto s = co_await l.accept()) background(echo(std::move(*s)));
}

// Sends for ever, until its connection is reset, and does not read.
future<> shout(net::network& network, net::endpoint server, std::vector<net::stream>& shouting) {
    const std::string block(64 * 1024, 'x');
    shouting.push_back(co_await network.connect(server));
    net::stream& s = shouting.back();
    try {
        while (true) co_await s.write(std::string_view(block));
    } catch (const std::system_error&) {
    }
}

future<> ask(net::network& network, net::endpoint server, std::string& answer) {
    net::stream s = co_await network.connect(server);
    co_await s.write(std::string_view("is anybody there?"));
    answer = (co_await s.read()).to_string();
    co_await s.close();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(clients_that_never_read_do_not_take_the_servers_buffers_from_the_others) {
    constexpr unsigned deaf = 10;
    net::wire_setup setup;
    setup.a.buffers = 1024;  // far fewer than ten connections' windows
    setup.b.buffers = 65536;
    two_hosts hosts(1, setup);
    hosts.a.run([](net::network& n) { background(serve(n)); });
    std::vector<net::stream> shouting;
    shouting.reserve(deaf);
    const net::endpoint server{hosts.a.address, port};
    hosts.b.run([&](net::network& n) {
        for (unsigned i = 0; i < deaf; ++i) background(shout(n, server, shouting));
    });
    hosts.world.run_for(5s);
    BOOST_TEST(shouting.size() == deaf);
    BOOST_TEST(hosts.a.network->interface().counters().copied_for_want_of_buffers > 0u);

    std::string answer;
    hosts.b.run([&](net::network& n) { background(ask(n, server, answer)); });
    hosts.world.run_until([&] { return !answer.empty(); }, 5s);
    BOOST_TEST(answer == "is anybody there?");

    hosts.b.run([&](net::network&) {
        for (auto& s : shouting) s.abort();
    });
    hosts.world.run_for(1s);
    hosts.b.run([&](net::network&) { shouting.clear(); });
    hosts.world.run_for(1s);
    BOOST_TEST(hosts.a.network->usage().connections == 0u);
    BOOST_TEST(hosts.wire.buffers_in_use(net::wire_end::a) < 512u);
}

BOOST_AUTO_TEST_SUITE_END()
