// Data goes out at a pace: tcp/send/pacer.hh in a connection.
#include "tests/support/tcp/conversation.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

using net::congestion_algorithm;

// Established over a round trip of 100 ms with segments of 1000 bytes; Reno, for its windows are round
// numbers.
struct paced : conversation {
    explicit paced(bool pacing = true, congestion_algorithm a = congestion_algorithm::reno)
        : conversation(options_with(pacing, a)) {
        app_connects();
        expects(syn());
        after(100ms).peer_sends(syn_ack().mss(1000).wscale(7).sack_ok());
        expects(ack(1));
        peer_sends(ack());
        forget_events();
    }
    static conversation_options options_with(bool pacing, congestion_algorithm a) {
        conversation_options o;
        o.settings.congestion = a;
        o.settings.first_buffer = o.settings.send_buffer;  // tests write once, and all at once
        o.settings.pacing = pacing;
        return o;
    }
    // The first window is acknowledged at once, and the window is 20 segments.
    void open_window() {
        app_sends(200'000);
        expects_data(10, 1000);
        after(100ms);
        peer_sends_together({ack(2001), ack(4001), ack(6001), ack(8001), ack(10001)});
    }
    int count_sent() {
        int n = 0;
        for (; has_sent(); ++n) take_sent();
        return n;
    }
};

struct unpaced : paced {
    unpaced() : paced(false) {}
};

struct unpaced_cubic : paced {
    unpaced_cubic() : paced(false, congestion_algorithm::cubic) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pacing)

BOOST_FIXTURE_TEST_CASE(the_first_window_goes_out_at_once, paced) {
    app_sends(200'000);
    expects_data(10, 1000);
    BOOST_TEST((us().next_timeout() > now() + 100ms));
}

BOOST_FIXTURE_TEST_CASE(without_it_a_window_goes_out_at_once, unpaced) {
    open_window();
    BOOST_TEST(info().cwnd == 20'000u);
    expects_data(20, 1000);
}

// Ten segments need no pace, ten are the first quantum; then the window is full.
BOOST_FIXTURE_TEST_CASE(a_window_of_two_quanta_is_a_burst_still, paced) {
    open_window();
    BOOST_TEST(info().cwnd == 20'000u);
    expects_data(20, 1000);
}

// 40 segments in 100 ms, doubled as it is slow start: a quantum of ten each 12.5 ms.
BOOST_FIXTURE_TEST_CASE(a_larger_window_goes_out_in_quanta, paced) {
    open_window();
    expects_data(20, 1000);
    after(100ms);
    for (uint32_t n = 1; n <= 10; ++n) peer_sends(ack(10'001 + n * 2000));
    const int first = count_sent();
    BOOST_TEST(info().cwnd == 40'000u);
    BOOST_TEST((first >= 10 && first <= 20));
    BOOST_TEST((us().next_timeout() > now() && us().next_timeout() <= now() + 13ms));
    int sent = first, wake_ups = 0;
    const time_point begin = now();
    while (sent < 40 && wake_ups < 10) {
        after(us().next_timeout() - now());
        sent += count_sent();
        ++wake_ups;
    }
    BOOST_TEST(sent == 40);
    BOOST_TEST(wake_ups <= 3);
    BOOST_TEST((now() - begin >= 20ms && now() - begin <= 50ms));
    after(50ms).expects_nothing();
}

// What waits for its time is no reason to think that the window was not filled.
BOOST_FIXTURE_TEST_CASE(a_paced_window_grows, paced) {
    open_window();
    expects_data(20, 1000);
    uint32_t acked = 10'001;
    for (int round = 0; round < 3; ++round) {
        const uint32_t window = info().cwnd;
        const time_point end = now() + 100ms;
        while (now() < end) {
            after(10ms);
            forget_sent();
        }
        const uint32_t until = info().snd_nxt - info().snd_una;
        for (uint32_t n = 2000; n <= until; n += 2000) {
            peer_sends(ack(acked += 2000));
            forget_sent();
        }
        BOOST_TEST(info().cwnd >= window + window / 2);
    }
}

// RFC 7661 §4.4.2: what follows a silence goes out over half a round trip, and so are its ACKs spread. That
// they come for so long without a gap does not say that the path is full: slow start goes on.
BOOST_FIXTURE_TEST_CASE(a_paced_restart_is_no_train_that_fills_the_path, unpaced_cubic) {
    uint32_t acked = 1;
    app_sends(150'000);
    for (int segments : {10, 20, 40, 80}) {
        BOOST_TEST(count_sent() == segments);
        after(100ms);
        for (int i = 0; i < segments; ++i) peer_sends(ack(acked += 1000));
    }
    const uint32_t cwnd = info().cwnd;
    BOOST_TEST(cwnd > 80'000u);
    after(10s);
    app_sends(300'000);
    const auto pass_1ms = [&] {
        forget_sent();
        after(1ms);
    };
    for (int i = 0; i < 100; ++i) pass_1ms();
    for (int i = 0; i < 70; ++i) {
        pass_1ms();
        peer_sends(ack(acked += 1000));
    }
    forget_sent();
    BOOST_TEST(info().cwnd == cwnd + 70'000);
}

BOOST_FIXTURE_TEST_CASE(a_closed_connection_waits_for_no_pace, paced) {
    open_window();
    expects_data(20, 1000);
    after(100ms);
    for (uint32_t n = 1; n <= 10; ++n) peer_sends(ack(10'001 + n * 2000));
    forget_sent();
    app_aborts();
    forget_sent();
    BOOST_TEST((us().next_timeout() == never));
}

BOOST_AUTO_TEST_SUITE_END()
