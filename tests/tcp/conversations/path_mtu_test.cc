// Segments that a path swallows without a word, and the search for the size that it carries: RFC 4821.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

conversation_options probing(mtu_probing_mode m) {
    conversation_options o;
    o.settings.path_mtu_probing = m;
    return o;
}

// Full segments are of 1460 bytes: no timestamps.
struct talk : conversation {
    explicit talk(mtu_probing_mode m = mtu_probing_mode::black_hole) : conversation(probing(m)) {
        establish(syn_ack().mss(1460).sack_ok());
    }
    // The peer says nothing for so long.
    void silence(duration d) {
        for (const time_point end = now() + d; now() < end;) {
            forget_sent();
            after(std::min<duration>(10ms, end - now()));
        }
    }
    // Until segments become smaller; what is sent then is left to be looked at.
    duration silence_until_smaller() {
        const time_point begin = now();
        while (info().black_holes == 0 && now() - begin < 10s) {
            forget_sent();
            after(1ms);
        }
        return now() - begin;
    }
};

// Begins with 1024, and looks for 1460 once there is data enough: 1460 and three segments behind it.
struct searching : talk {
    searching() : talk(mtu_probing_mode::always) { set_peer_window(65000); }
    static constexpr size_t enough = 1460 + 3 * 1024;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(path_mtu)

// RFC 4821 §7.7, RFC 8899 §4.3: what timed out three times in a row is sent again in smaller segments.
BOOST_FIXTURE_TEST_CASE(segments_that_time_out_in_a_row_become_smaller, talk) {
    app_sends(3 * 1460);
    expects_data(3, 1460);
    const duration silent = silence_until_smaller();
    BOOST_TEST((silent >= 1s && silent <= 2s));
    BOOST_TEST(info().timeouts == 3u);
    BOOST_TEST(info().black_holes == 1u);
    BOOST_TEST(info().smss == 1024u);
    expects(data(1024).seq(1));
    peer_sends(ack(1025));
    expects(data(436).seq(1025));
    expects(data(1024).seq(1461));
    peer_sends(ack(2485));
    expects(data(436).seq(2485));
    expects(data(1024).seq(2921));
    expects(data(436).seq(3945));
    peer_sends(ack(4381));
    app_sends(1460);
    expects(data(1024));
    expects(data(436));
}

// RFC 4821 §7.7: by halves, as long as nothing passes.
BOOST_FIXTURE_TEST_CASE(if_not_even_these_pass_they_become_smaller_still, talk) {
    app_sends(1460);
    silence_until_smaller();
    silence(3s);
    BOOST_TEST(info().smss == 512u);
    BOOST_TEST(info().black_holes == 2u);
    silence(30s);
    BOOST_TEST(info().smss == 512u);
    forget_sent();
    in_state(connection_state::established);
}

BOOST_FIXTURE_TEST_CASE(what_is_small_and_stays_away_says_nothing_about_sizes, talk) {
    app_sends(500);
    silence(20s);
    forget_sent();
    BOOST_TEST(info().timeouts >= 4u);
    BOOST_TEST(info().smss == 1460u);
    BOOST_TEST(info().black_holes == 0u);
}

BOOST_FIXTURE_TEST_CASE(timeouts_with_progress_in_between_are_none_in_a_row, talk) {
    for (int i = 0; i < 4; ++i) {
        app_sends(1460);
        silence(700ms);
        forget_sent();
        peer_sends(ack());
    }
    BOOST_TEST(info().timeouts >= 4u);
    BOOST_TEST(info().black_holes == 0u);
}

BOOST_AUTO_TEST_CASE(who_does_not_want_it_keeps_the_size) {
    talk c(mtu_probing_mode::off);
    c.app_sends(1460);
    c.silence(30s);
    c.forget_sent();
    BOOST_TEST(c.info().timeouts >= 5u);
    BOOST_TEST(c.info().smss == 1460u);
    BOOST_TEST(c.info().black_holes == 0u);
}

// RFC 4821 §7.2.
BOOST_FIXTURE_TEST_CASE(who_always_searches_begins_with_the_base, searching) {
    BOOST_TEST(info().smss == 1024u);
    app_sends(2000);
    expects(data(1024));
    expects(data(976));
}

// RFC 4821 §7.4, §7.5: new data, with more to follow it.
BOOST_FIXTURE_TEST_CASE(a_probe_is_sent_only_with_data_enough, searching) {
    app_sends(enough - 1);
    expects_data(4, 1024);
    expects(data(enough - 1 - 4 * 1024));
    peer_sends(ack());
    app_sends(enough);
    expects(data(1460));
    expects_data(3, 1024);
    BOOST_TEST(info().size_probes == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_probe_is_sent_only_into_a_window_that_is_large_enough, searching) {
    app_sends("x");
    expects(data("x"));
    set_peer_window(enough - 1);
    peer_sends(ack());
    app_sends(enough);
    expects_data(4, 1024);
    BOOST_TEST(info().size_probes == 0u);
    set_peer_window(65000);
    peer_sends(ack());
    forget_sent();
}

// RFC 4821 §7.6.1.
BOOST_FIXTURE_TEST_CASE(a_probe_that_arrives_sets_the_size, searching) {
    app_sends(enough + 3000);
    expects(data(1460));
    expects_data(5, 1024);
    expects(data(952));
    peer_sends(ack(1460));
    BOOST_TEST(info().smss == 1024u);
    peer_sends(ack(1461));
    BOOST_TEST(info().smss == 1460u);
    BOOST_TEST((us().next_timeout() != never));
    peer_sends(ack());
    BOOST_TEST((us().next_timeout() == never));  // nothing is left to be found
    app_sends(2000);
    expects(data(1460));
    expects(data(540));
}

// One at a time: RFC 4821 §7.4.
BOOST_FIXTURE_TEST_CASE(there_is_one_probe_at_a_time, searching) {
    app_sends(30'000);
    expects(data(1460));
    expects_data(8, 1024);
    BOOST_TEST(info().size_probes == 1u);
}

// RFC 4821 §7.6.2: no sign of congestion. It goes out again in segments of the size that passes.
BOOST_FIXTURE_TEST_CASE(a_probe_lost_alone_costs_no_window, searching) {
    app_sends(1460 + 8 * 1024);
    expects(data(1460));
    expects_data(8, 1024);
    const uint32_t cwnd = info().cwnd;
    peer_sends(ack(1).sack(1461, 1461 + 8 * 1024));
    expects(data(1024).seq(1));
    expects(data(436).seq(1025));
    BOOST_TEST(info().size_probes_lost == 1u);
    BOOST_TEST(info().fast_recoveries == 0u);
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().cwnd >= cwnd);
    BOOST_TEST(info().ssthresh == UINT32_MAX);
    BOOST_TEST(info().smss == 1024u);
    peer_sends(ack(1461 + 8 * 1024));
    app_sends(enough);
    expects(data(1460));  // once more
    expects_data(3, 1024);
}

// RFC 4821 §7.6.2: nor when others of the same burst tell of it again, before it has gone out in pieces.
BOOST_FIXTURE_TEST_CASE(a_probe_lost_alone_costs_no_window_however_often_it_is_told, searching) {
    app_sends(1460 + 8 * 1024);
    expects(data(1460));
    expects_data(8, 1024);
    const uint32_t cwnd = info().cwnd;
    peer_sends_together({ack(1).sack(1461, 1461 + 3 * 1024), ack(1).sack(1461, 1461 + 4 * 1024),
                         ack(1).sack(1461, 1461 + 8 * 1024)});
    expects(data(1024).seq(1));
    expects(data(436).seq(1025));
    BOOST_TEST(info().size_probes_lost == 1u);
    BOOST_TEST(info().fast_recoveries == 0u);
    BOOST_TEST(info().cwnd >= cwnd);
    BOOST_TEST(info().ssthresh == UINT32_MAX);
}

// RFC 8899 §5.1.2: MAX_PROBES.
BOOST_FIXTURE_TEST_CASE(what_is_lost_three_times_is_too_large, searching) {
    for (unsigned i = 0; i < 3; ++i) {
        app_sends(enough);
        expects(data(1460));
        expects_data(3, 1024);
        const uint32_t begin = 1 + i * uint32_t(enough);
        peer_sends(ack(begin).sack(begin + 1460, begin + enough));
        expects(data(1024).seq(begin));
        expects(data(436).seq(begin + 1024));
        peer_sends(ack(begin + enough));
    }
    app_sends(enough);
    const segment s = take_sent();
    BOOST_TEST(s.payload.size() > 1024u);
    BOOST_TEST(s.payload.size() < 1460u);
    forget_sent();
}

// RFC 4821 §7.6.4: nobody knows whether it was the size.
BOOST_FIXTURE_TEST_CASE(a_probe_lost_with_others_is_congestion_and_says_nothing, searching) {
    app_sends(1460 + 8 * 1024);
    expects(data(1460));
    expects_data(8, 1024);
    const uint32_t cwnd = info().cwnd;
    peer_sends(ack(1).sack(1461 + 1024, 1461 + 8 * 1024));
    BOOST_TEST(info().fast_recoveries == 1u);
    BOOST_TEST(info().size_probes_lost == 0u);
    BOOST_TEST(info().ssthresh < cwnd);
    forget_sent();
    peer_sends(ack(1461 + 8 * 1024));
    app_sends("x");
    expects(data("x"));
    peer_sends(ack());
    BOOST_TEST(info().smss == 1024u);
    app_sends(enough);
    expects(data(1460));
    expects_data(3, 1024);
}

// RFC 4821 §7.6.3: a timeout counts against it, and is one for the congestion window, too.
BOOST_FIXTURE_TEST_CASE(a_probe_that_times_out_is_lost, searching) {
    app_sends(enough);
    expects(data(1460));
    expects_data(3, 1024);
    silence(250ms);
    BOOST_TEST(info().timeouts == 1u);
    BOOST_TEST(info().size_probes_lost == 1u);
    BOOST_TEST(info().smss == 1024u);
    forget_sent();
    peer_sends(ack(1461));  // of the pieces, maybe
    BOOST_TEST(info().smss == 1024u);
    forget_sent();
}

// What went out again in pieces and is acknowledged says nothing.
BOOST_FIXTURE_TEST_CASE(a_probe_that_is_sent_again_is_none, searching) {
    app_sends(enough);
    expects(data(1460));
    expects_data(3, 1024);
    peer_sends(ack(1).wnd(0));
    after(200ms);
    expects(data(1024).seq(1));
    peer_sends(ack(1 + enough));
    BOOST_TEST(info().smss == 1024u);
    forget_sent();
}

// RFC 1191 §6.5, RFC 8899 §4.6.2: routers that do speak are heard.
BOOST_FIXTURE_TEST_CASE(a_router_that_speaks_bounds_the_search, searching) {
    app_sends(enough);
    expects(data(1460));
    expects_data(3, 1024);
    app_sees_path_error(path_error::kind::fragmentation_needed, 1, 1300);
    BOOST_TEST(info().smss == 1024u);
    peer_sends(ack(1).sack(1461, 1 + enough));
    expects(data(1024).seq(1));
    expects(data(436).seq(1025));
    peer_sends(ack(1 + enough));
    app_sends(1300 + 3 * 1024);
    expects(data(1300));
    expects_data(3, 1024);
    peer_sends(ack());
    BOOST_TEST(info().smss == 1300u);
    BOOST_TEST((us().next_timeout() == never));
}

BOOST_AUTO_TEST_SUITE_END()
