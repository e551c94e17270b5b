// Buffers that are set to less than the field of the window can say: RFC 7323 §2.2.
#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace millrace;
using namespace millrace::test;
using tcp::flags;

namespace {

// The window's field counts in units of 16 KiB.
tcp::native_settings coarse() {
    tcp::native_settings s;
    s.tcp.receive_buffer = 1 << 30;
    return s;
}

// Of a connection whose peer uses up whatever it is offered, in one burst.
struct used_up : raw_fixture {
    explicit used_up(const tcp::native_settings& settings)
        : raw_fixture(settings), listener(listen({.port = 80})) {
        tcp::outgoing syn = bare(flags::syn, 1000);
        syn.options.window_scale = 7;
        peer.send(std::move(syn), 5000, 80);
        const auto answer = exchange();
        BOOST_TEST_REQUIRE(answer.size() == 1u);
        iss = answer[0].segment.seq.value();
        edge = sent + answer[0].segment.wnd;
        complete(5000, {iss}, 80);
        host.run([&](net::network&) { stream = std::move(*listener.accept().get()); });
    }
    ~used_up() {
        host.run([&](net::network&) {
            stream.abort();
            stream = {};
            listener = {};
        });
    }
    void fill() {
        for (int bursts = 0; sent < edge && bursts < 10; ++bursts) {
            for (uint32_t size; sent < edge; sent += size) {
                size = std::min(edge - sent, 1000u);
                peer.send(bare(flags::ack, sent, iss + 1, std::string(size, 'x')), 5000, 80);
            }
            look();
        }
    }
    void look() {
        for (const auto& r : exchange()) edge = r.segment.ack.value() + (uint32_t(r.segment.wnd) << 14);
    }
    void read() {
        host.run([&](net::network&) {
            size_t bytes = 0;
            while (bytes < sent - 1001) bytes += stream.read().get().size();
        });
        look();
    }

    net::listener listener;
    net::stream stream;
    uint32_t iss = 0;
    uint32_t sent = 1001, edge = 0;  // the peer's next number, and the first that it may not use
};

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

BOOST_AUTO_TEST_CASE(a_closed_window_opens_again_however_small_the_first_buffer) {
    tcp::native_settings settings = coarse();
    settings.tcp.first_buffer = 1000;
    used_up c(settings);
    c.fill();
    BOOST_TEST(c.edge == c.sent);
    c.read();
    BOOST_TEST(c.edge > c.sent);
}

// Nor what is assured, where memory is short.
BOOST_AUTO_TEST_CASE(a_closed_window_opens_again_however_little_is_assured) {
    tcp::native_settings settings = coarse();
    settings.tcp.assured_buffer = 1000;
    used_up c(settings);
    net::memory_budget& memory = c.host.network->interface().memory();
    memory.set(net::memory_use::unresolved, memory.limit() / 10 * 6);
    c.fill();
    BOOST_TEST(c.edge == c.sent);
    c.read();
    BOOST_TEST(c.edge > c.sent);
}

BOOST_AUTO_TEST_SUITE_END()
