// Buffers follow the path: the window offered, and what is taken of a writer.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Established over a path with a round trip of 20 ms; windows scaled, as they grow beyond 64 KiB.
struct long_path : conversation {
    explicit long_path(const conversation_options& o = {}) : conversation(o) {
        app_connects();
        forget_sent();
        after(20ms);
        peer_sends(syn_ack().ack(1).mss(1460).wscale(7).wnd(60000));
        forget_sent();
    }
    // `bytes` come in the next `d`, and are read at once or stay.
    void receive(uint32_t bytes, duration d, bool read = true) {
        for (uint32_t n = 0; n < bytes; n += 1460) {
            after(d / (bytes / 1460 + 1));
            peer_sends(data(1460));
            if (read) app_reads();
            forget_sent();
        }
    }
    // In bytes, as last offered.
    uint32_t offered() const { return info().rcv_wnd; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(buffers)

BOOST_AUTO_TEST_CASE(the_window_grows_for_who_fills_a_quarter_of_it_in_a_round_trip) {
    long_path c;
    c.receive(14'600, 10ms);
    BOOST_TEST(c.offered() <= 65'536u);
    c.receive(4380, 1ms);
    BOOST_TEST(c.offered() > 100'000u);
    BOOST_TEST(c.offered() <= 131'072u);
    c.receive(600'000, 90ms);
    BOOST_TEST(c.offered() > 250'000u);
}

BOOST_AUTO_TEST_CASE(for_a_slow_sender_the_window_stays) {
    long_path c;
    c.receive(600'000, 1s);
    BOOST_TEST(c.offered() <= 65'536u);
}

BOOST_AUTO_TEST_CASE(for_a_reader_that_lags_behind_the_window_stays) {
    long_path c;
    c.receive(52'560, 5ms, false);
    BOOST_TEST(c.info().rcv_wnd < 65'536u);
    c.app_reads();
    c.forget_sent();
    c.receive(2920, 1ms);
    BOOST_TEST(c.offered() <= 65'536u);
}

BOOST_AUTO_TEST_CASE(where_memory_is_short_the_window_does_not_grow) {
    long_path c;
    c.memory().set(net::memory_use::connections, c.memory().limit() / 100 * 60);
    c.receive(600'000, 90ms);
    BOOST_TEST(c.offered() <= 65'536u);
}

BOOST_AUTO_TEST_CASE(the_window_grows_to_the_receive_buffer_at_most) {
    conversation_options o;
    o.settings.receive_buffer = 100'000;
    long_path c(o);
    c.receive(600'000, 90ms);
    BOOST_TEST(c.offered() > 90'000u);
    BOOST_TEST(c.offered() <= 100'000u);
}

// Twice the congestion window keeps a path busy.
BOOST_AUTO_TEST_CASE(the_send_buffer_follows_the_congestion_window) {
    long_path c;
    BOOST_TEST(c.app_sends(size_t(1'000'000)) == 65'536u);
    size_t taken = 65'536;
    for (int i = 0; i < 200; ++i) {
        c.forget_sent();
        c.after(1ms);
        c.peer_sends(ack().wnd(60000));
        taken += c.app_sends(size_t(1'000'000) - taken);
        const auto now = c.info();
        BOOST_TEST(now.unsent + now.in_flight <= std::max(65'536u, 2 * now.cwnd) + 2 * 1460);
    }
    BOOST_TEST(taken == 1'000'000u);
    BOOST_TEST(c.info().cwnd > 100'000u);
    c.forget_sent();
}

BOOST_AUTO_TEST_CASE(a_buffer_is_taken_as_far_as_there_is_room) {
    long_path c;
    const auto send = [&](size_t bytes) {
        buffer b = buffer::copy_of(std::string(bytes, 'x'));
        return c.us().send(b);
    };
    BOOST_TEST(send(40'000) == 40'000u);
    BOOST_TEST(c.us().send_room() == 25'536u);
    BOOST_TEST(send(40'000) == 25'536u);
    BOOST_TEST(send(40'000) == 0u);
    c.forget_sent();
}

BOOST_AUTO_TEST_CASE(not_beyond_the_largest_send_buffer_nor_without_memory) {
    for (const bool short_of_memory : {false, true}) {
        conversation_options o;
        o.settings.send_buffer = 70'000;
        long_path c(o);
        buffer first = buffer::copy_of(std::string(60'000, 'x'));
        buffer second = buffer::copy_of(std::string(short_of_memory ? 8000 : 20'000, 'x'));
        BOOST_TEST(c.us().send(first) == 60'000u);
        if (short_of_memory) c.memory().set(net::memory_use::unread, c.memory().limit() / 10 * 9);
        BOOST_TEST(c.us().send(second) == (short_of_memory ? 0u : 5536u));
        c.forget_sent();
    }
}

// As SO_SNDBUF: who says how much wants that.
BOOST_AUTO_TEST_CASE(a_send_buffer_that_the_user_has_chosen_stays) {
    long_path c;
    c.us().set_send_limit(300'000);
    BOOST_TEST(c.app_sends(size_t(1'000'000)) == 300'000u);
    c.forget_sent();
}

BOOST_AUTO_TEST_SUITE_END()
