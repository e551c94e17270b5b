// millrace-echo's own code between two simulated hosts.
#include "apps/echo/echo.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "tests/support/sim_hosts.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 7;

future<> ask(net::network& n, net::endpoint server, unsigned requests, unsigned& answered) {
    net::stream s = co_await n.connect(server);
    for (unsigned i = 0; i < requests; ++i) {
        const std::string question(1 + i * 37 % 3000, char('a' + i % 26));
        co_await s.write(std::string_view(question));
        std::string answer;
        while (answer.size() < question.size()) answer += (co_await s.read()).view();
        answered += answer == question;
    }
    co_await s.close();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(echo_sim)

BOOST_AUTO_TEST_CASE(many_clients_get_their_own_words_back_over_a_bad_wire) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        net::wire_setup setup;
        setup.a_to_b = setup.b_to_a = {
            .delay = 3ms, .jitter = 2ms, .loss = 0.02, .reorder = 0.02, .duplicate = 0.02, .corrupt = 0.01};
        test::two_hosts hosts(seed, setup);
        echo::counters counters;
        net::network* server = hosts.b.network.get();
        hosts.b.run([&](net::network& n) { background(echo::serve(n, {.port = port}, counters)); });
        constexpr unsigned clients = 50, requests = 20;
        unsigned answered = 0;
        hosts.a.run([&](net::network& n) {
            for (unsigned i = 0; i < clients; ++i)
                background(ask(n, {hosts.b.address, port}, requests, answered));
        });
        hosts.world.run_until([&] { return answered == clients * requests; });
        hosts.world.run_for(1min);
        hosts.b.run([&](net::network&) { background(server->stop()); });
        hosts.world.run_until_idle();
        BOOST_TEST(answered == clients * requests);
        BOOST_TEST(counters.connections == clients);
        BOOST_TEST(counters.lost == 0u);
        BOOST_TEST(hosts.leftovers() == "");
    }
}

BOOST_AUTO_TEST_SUITE_END()
