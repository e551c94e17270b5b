// UDP over the kernel's loopback.
#include "net/error.hh"
#include "tests/support/net_loopback.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::net;
using boost::unit_test::precondition;

namespace {

void datagrams_travel(const ip_address& address) {
    with_kernel_network([&](network& n) -> future<> {
        datagram a = n.open_datagram({address, 0});
        datagram b = n.open_datagram({address, 0});
        const std::string large(40'000, 'x');
        for (const std::string& text : {std::string("hello"), std::string(), large}) {
            auto arriving = b.receive();
            co_await a.send(b.local(), buffer::copy_of(text));
            const received_datagram got = co_await std::move(arriving);
            BOOST_TEST((got.data.view() == text));
            BOOST_TEST((got.from == a.local()));
        }
        co_await b.send(a.local(), buffer::copy_of("back"));
        BOOST_TEST((co_await a.receive()).data.view() == "back");
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net_kernel_datagram)

BOOST_AUTO_TEST_CASE(datagrams_travel_over_ipv4, *precondition(has_loopback4)) {
    datagrams_travel(loopback4);
}

BOOST_AUTO_TEST_CASE(datagrams_travel_over_ipv6, *precondition(has_loopback6)) {
    datagrams_travel(loopback6);
}

BOOST_AUTO_TEST_CASE(a_burst_is_received_datagram_by_datagram_in_order, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        datagram a = n.open_datagram({loopback4, 0});
        datagram b = n.open_datagram({loopback4, 0});
        for (int i = 0; i < 50; ++i) co_await a.send(b.local(), buffer::copy_of(std::to_string(i)));
        for (int i = 0; i < 50; ++i) {
            const received_datagram got = co_await b.receive();
            BOOST_TEST(got.data.view() == std::to_string(i));
        }
    });
}

// RFC 1122 §4.1.3.3.
BOOST_AUTO_TEST_CASE(port_unreachable_is_told_to_the_sender_once, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        datagram a = n.open_datagram({loopback4, 0});
        datagram nobody = n.open_datagram({loopback4, 0});
        const endpoint there = nobody.local();
        nobody.close();
        co_await a.send(there, buffer::copy_of("anybody?"));
        BOOST_TEST((co_await error_of_future(a.receive()) == net::errc::connection_refused));

        datagram b = n.open_datagram({loopback4, 0});
        co_await b.send(a.local(), buffer::copy_of("me"));
        BOOST_TEST((co_await a.receive()).data.view() == "me");
    });
}

BOOST_AUTO_TEST_CASE(a_report_does_not_stop_the_next_send, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        datagram a = n.open_datagram({loopback4, 0});
        datagram b = n.open_datagram({loopback4, 0});
        datagram nobody = n.open_datagram({loopback4, 0});
        const endpoint there = nobody.local();
        nobody.close();
        co_await a.send(there, buffer::copy_of("anybody?"));
        co_await a.send(b.local(), buffer::copy_of("you"));
        BOOST_TEST((co_await b.receive()).data.view() == "you");
        BOOST_TEST((co_await error_of_future(a.receive()) == net::errc::connection_refused));
    });
}

BOOST_AUTO_TEST_CASE(what_is_too_long_is_refused, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        datagram a = n.open_datagram({loopback4, 0});
        BOOST_TEST((co_await error_of_future(a.send(a.local(), buffer::allocate(65'508))) ==
                    net::errc::message_too_long));
        BOOST_TEST((co_await error_of_future(a.send({loopback6, 9}, buffer())) == net::errc::not_supported));
    });
}

BOOST_AUTO_TEST_CASE(closing_fails_who_waits, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        datagram a = n.open_datagram({loopback4, 0});
        auto waiting = a.receive();
        a.close();
        BOOST_TEST((co_await error_of_future(std::move(waiting)) == net::errc::closed));
        BOOST_TEST((co_await error_of_future(a.receive()) == net::errc::closed));
        BOOST_TEST((co_await error_of_future(a.send({loopback4, 9}, buffer())) == net::errc::closed));
    });
}

BOOST_AUTO_TEST_SUITE_END()
