#include "tcp/host/transmit.hh"

#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::test;
using tcp::flags;

namespace {

struct sender : raw_fixture {
    net::path way() {
        return host
            .run([&](net::network&) {
                return host.network->interface().make_path(
                    host.address, net::ip_address(net::ipv4_address(10, 0, 0, 1)), net::ip_protocol::tcp);
            })
            .value();
    }
    bool transmit(net::path& to, tcp::outgoing&& o) {
        return host.run([&](net::network&) {
            return tcp::transmit(host.network->interface(), to, std::move(o), 80, 5000);
        });
    }
};

std::string text_of(size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += char('a' + text.size() % 26);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

// Copied behind the header or attached: the peer sees no difference.
BOOST_FIXTURE_TEST_CASE(a_payload_of_any_size_arrives_whole, sender) {
    net::path to = way();
    for (const size_t bytes :
         {size_t(0), size_t(1), tcp::copied_payload_bytes, tcp::copied_payload_bytes + 1, size_t(1448)}) {
        const std::string text = text_of(bytes);
        tcp::outgoing o = bare(flags::ack, 7, 9, text);
        o.options.timestamps = tcp::timestamp_option{1, 2};
        BOOST_TEST(transmit(to, std::move(o)));
        const auto got = exchange();
        BOOST_TEST_REQUIRE(got.size() == 1u);
        BOOST_TEST(got[0].from_port == 80u);
        BOOST_TEST(got[0].to_port == 5000u);
        BOOST_TEST(got[0].segment.payload.view() == text);
        BOOST_TEST(got[0].segment.options.timestamps->echo == 2u);
    }
}

BOOST_FIXTURE_TEST_CASE(a_payload_in_pieces_arrives_in_their_order, sender) {
    net::path to = way();
    for (const size_t bytes : {size_t(10), size_t(400)}) {
        tcp::outgoing o = bare(flags::ack, 7, 9, std::string(bytes, 'x'));
        o.payload.push_back(buffer::copy_of(std::string(bytes, 'y')));
        BOOST_TEST(transmit(to, std::move(o)));
        const auto got = exchange();
        BOOST_TEST_REQUIRE(got.size() == 1u);
        BOOST_TEST(got[0].segment.payload.view() == std::string(bytes, 'x') + std::string(bytes, 'y'));
    }
}

// RFC 1191 §3: it must not be fragmented, so it is not sent.
BOOST_FIXTURE_TEST_CASE(what_the_path_does_not_take_is_refused, sender) {
    net::path to = way();
    BOOST_TEST(tcp::mss_of(to) == 1460u);
    BOOST_TEST(transmit(to, bare(flags::ack, 7, 9, text_of(1460))));
    BOOST_TEST(!transmit(to, bare(flags::ack, 7, 9, text_of(1461))));
    BOOST_TEST(exchange().size() == 1u);
}

// RFC 3168 §5.
BOOST_FIXTURE_TEST_CASE(what_may_be_marked_says_so_in_its_ip_header, sender) {
    net::path to = way();
    for (bool ect : {true, false}) {
        tcp::outgoing o = bare(flags::ack, 1, 1, "x");
        o.ect = ect;
        BOOST_TEST(transmit(to, std::move(o)));
        const auto got = exchange();
        BOOST_REQUIRE(got.size() == 1u);
        BOOST_TEST(int(got[0].ecn) == (ect ? 2 : 0));
    }
}

BOOST_AUTO_TEST_SUITE_END()
