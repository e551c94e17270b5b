#include "tcp/congestion/cubic.hh"

#include "tcp/congestion/congestion_control.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t mss = 1000;

// The window of one CUBIC sender, as congestion_control handles it.
struct sender {
    explicit sender(uint32_t segments, uint32_t smss = mss) : w{.smss = smss, .cwnd = segments * smss} {}

    void ack(uint32_t bytes, duration srtt) {
        c.on_ack(w, {.acked = bytes, .flight = w.cwnd, .now = now, .rtt = srtt, .srtt = srtt});
    }
    // Round trips with a full window, acknowledged in sixteen steps each.
    void run(duration time, duration rtt) {
        const time_point end = now + time;
        while (now < end) {
            now += rtt / 16;
            ack(std::max(w.cwnd / 16, 1u), rtt);
        }
    }
    void lose() {
        c.on_loss(w, w.cwnd);
        w.cwnd = w.ssthresh;
    }
    void time_out() {
        c.on_timeout(w, w.cwnd);
        w.cwnd = w.smss;
    }
    double segments() const { return double(w.cwnd) / w.smss; }

    congestion_window w;
    cubic c;
    time_point now{1s};
};

sender after_loss(uint32_t segments) {
    sender s(segments);
    s.lose();
    return s;
}

// K of RFC 9438 §4.2, in seconds, after a loss at `segments`.
double k_of(double segments) {
    return std::cbrt(segments * 0.3 / 0.4);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 9438 §4.6, beta = 0.7.
BOOST_AUTO_TEST_CASE(loss_leaves_seven_tenths) {
    sender s(100);
    s.lose();
    BOOST_TEST(s.w.ssthresh == 70 * mss);
    BOOST_TEST(s.c.w_max() == 100 * mss);
}

// RFC 9438 §4.6.
BOOST_AUTO_TEST_CASE(what_is_left_is_never_below_two_segments) {
    sender s(2);
    s.lose();
    BOOST_TEST(s.w.cwnd == 2 * mss);
    s.time_out();
    BOOST_TEST(s.w.ssthresh == 2 * mss);
}

// RFC 9438 §4.7: W_max = cwnd * (1 + 0.7) / 2.
BOOST_AUTO_TEST_CASE(a_plateau_that_was_not_reached_again_is_lowered) {
    sender s(100);
    s.lose();
    s.lose();
    BOOST_TEST(s.c.w_max() == 59'500u);
    BOOST_TEST(s.w.cwnd == 49 * mss);
}

// RFC 9438 §4.7: not if the window went beyond it.
BOOST_AUTO_TEST_CASE(a_plateau_that_was_passed_is_not_lowered) {
    sender s = after_loss(100);
    s.run(20s, 100ms);
    BOOST_TEST(s.w.cwnd > 100 * mss);
    const uint32_t before = s.w.cwnd;
    s.lose();
    BOOST_TEST(s.c.w_max() == before);
}

// RFC 9438 §4.2, figures 1 and 2; §4.4: concave until K, when W_max is reached again.
BOOST_AUTO_TEST_CASE(the_window_is_back_at_its_plateau_after_k) {
    sender s = after_loss(1000);
    const double k = k_of(1000);
    s.run(std::chrono::milliseconds(int(k * 500)), 50ms);
    BOOST_TEST(std::abs(s.segments() - (1000 - 0.4 * std::pow(k / 2, 3))) < 5);
    s.run(std::chrono::milliseconds(int(k * 500)), 50ms);
    BOOST_TEST(std::abs(s.segments() - 1000) < 2);
}

// RFC 9438 §4.5: convex behind it.
BOOST_AUTO_TEST_CASE(behind_the_plateau_the_window_grows_ever_faster) {
    sender s = after_loss(1000);
    s.run(std::chrono::milliseconds(int(k_of(1000) * 1000)), 50ms);
    double last = s.segments(), growth = 0;
    for (int second = 1; second <= 5; ++second) {
        s.run(1s, 50ms);
        BOOST_TEST(s.segments() - last > growth);
        growth = s.segments() - last;
        last = s.segments();
    }
    BOOST_TEST(std::abs(s.segments() - (1000 + 0.4 * 125)) < 5);
}

// RFC 9438 §4.2: target is at most 1.5 * cwnd, so a round trip adds at most half.
BOOST_AUTO_TEST_CASE(no_round_trip_adds_more_than_half) {
    sender s = after_loss(100);
    s.run(1s, 100ms);
    s.now += 600s;  // the clock jumped, or every ACK was lost for so long
    const uint32_t before = s.w.cwnd;
    for (uint32_t acked = 0; acked < before; acked += mss) s.ack(mss, 100ms);
    BOOST_TEST(s.w.cwnd > before);
    BOOST_TEST(s.w.cwnd <= before + before / 2 + mss);
}

// RFC 9438 §4.3: with a short round trip, alpha = 9/17 of a segment for each window.
BOOST_AUTO_TEST_CASE(a_short_path_is_used_as_reno_uses_it) {
    sender s = after_loss(20);
    for (int i = 0; i < 14 * 17; ++i) s.ack(mss, 1ms);  // 14 segments: about seventeen windows
    BOOST_TEST(s.segments() > 14 + 6);
    BOOST_TEST(s.segments() < 14 + 9);
}

// RFC 9438 §4.3: alpha = 1 once W_est is cwnd_prior again.
BOOST_AUTO_TEST_CASE(above_the_last_window_the_estimate_grows_as_renos_does) {
    sender s = after_loss(20);
    while (s.segments() < 20) s.ack(mss, 1ms);
    const double before = s.segments();
    for (int window = 0; window < 10; ++window)
        for (uint32_t acked = 0, cwnd = s.w.cwnd; acked < cwnd; acked += mss) s.ack(mss, 1ms);
    BOOST_TEST(s.segments() - before > 9);
    BOOST_TEST(s.segments() - before < 11);
}

// RFC 9438 §4.8: K = 0 and W_max is the window at the start of the stage that follows the slow start.
BOOST_AUTO_TEST_CASE(after_a_timeout_the_curve_begins_at_its_plateau) {
    sender s(100);
    s.time_out();
    BOOST_TEST(s.w.ssthresh == 70 * mss);
    while (s.w.in_slow_start()) s.ack(mss, 100ms);
    BOOST_TEST(s.w.cwnd == 70 * mss);
    s.ack(mss, 100ms);
    BOOST_TEST(s.c.w_max() == 70 * mss);
    // For two seconds less than Reno would add; then the cube governs.
    s.run(2s, 100ms);
    BOOST_TEST(s.segments() < 70 + 20);
    s.run(6s, 100ms);
    BOOST_TEST(std::abs(s.segments() - (70 + 0.4 * 512)) < 10);
}

// RFC 3465 §2.3; RFC 9438 §4.10 leaves slow start as it is.
BOOST_AUTO_TEST_CASE(slow_start_after_a_timeout_takes_one_segment_for_an_ack) {
    sender s(100);
    s.time_out();
    s.ack(8 * mss, 100ms);
    BOOST_TEST(s.w.cwnd == 2 * mss);
}

// RFC 9438 §4.10: HyStart++ ends the first slow start without a loss: W_max is the window then, and K = 0.
BOOST_AUTO_TEST_CASE(the_first_slow_start_ends_as_delay_grows) {
    sender s(10);
    const auto round = [&s](duration rtt) {
        for (uint32_t acked = 0, cwnd = s.w.cwnd; acked < cwnd && s.w.in_slow_start(); acked += mss) {
            s.now += rtt * mss / cwnd / 4;
            s.ack(mss, rtt);
        }
        s.now += rtt * 3 / 4;
    };
    for (int i = 0; i < 5; ++i) round(50ms);
    BOOST_TEST(s.segments() == 320.0);
    while (s.w.in_slow_start()) round(75ms);
    BOOST_TEST((s.c.slow_start_phase() == hystart::phase::finished));
    BOOST_TEST(s.w.ssthresh == s.w.cwnd);
    const double left_at = s.segments();
    s.ack(mss, 75ms);
    BOOST_TEST(std::abs(double(s.c.w_max()) / mss - left_at) < 1);
}

// RFC 9406 §4.3: it is for the first slow start only.
BOOST_AUTO_TEST_CASE(later_slow_starts_end_at_the_threshold) {
    sender s(100);
    s.time_out();
    for (int i = 0; i < 30; ++i) s.ack(mss, i < 10 ? 50ms : 500ms);
    BOOST_TEST((s.c.slow_start_phase() == hystart::phase::slow_start));
    BOOST_TEST(s.segments() == 31.0);
}

// RFC 9438 §4.2, §5.8: elapsed time does not include what was not used.
BOOST_AUTO_TEST_CASE(time_in_which_the_window_was_not_filled_does_not_count) {
    sender busy = after_loss(1000), paused = after_loss(1000);
    for (auto* s : {&busy, &paused}) s->run(3s, 50ms);
    paused.c.on_pause();
    paused.now += 1h;
    for (auto* s : {&busy, &paused}) s->run(3s, 50ms);
    BOOST_TEST(std::abs(busy.segments() - paused.segments()) < 2);
}

// RFC 9438 §4.9.2: W_max, K, t_epoch, W_est and cwnd_prior are what they were.
BOOST_AUTO_TEST_CASE(a_spurious_loss_leaves_the_curve_as_it_was) {
    congestion_control undisturbed(net::congestion_algorithm::cubic, mss, 1000 * mss);
    congestion_control mistaken(net::congestion_algorithm::cubic, mss, 1000 * mss);
    time_point now{1s};
    const auto run = [&](congestion_control& c, int round_trips) {
        time_point t = now;
        for (int i = 0; i < round_trips * 16; ++i, t += 50ms / 16)
            c.on_ack({.acked = c.cwnd() / 16, .flight = c.cwnd(), .now = t, .rtt = 50ms, .srtt = 50ms});
    };
    for (auto* c : {&undisturbed, &mistaken}) {
        c->on_loss(1000 * mss);
        run(*c, 60);
    }
    now += 3s;
    mistaken.on_loss(mistaken.cwnd());
    mistaken.on_spurious();
    BOOST_TEST(mistaken.cwnd() == undisturbed.cwnd());
    BOOST_TEST(mistaken.ssthresh() == undisturbed.ssthresh());
    for (auto* c : {&undisturbed, &mistaken}) run(*c, 60);
    BOOST_TEST(mistaken.cwnd() == undisturbed.cwnd());
}

// 10 Gbit/s and 100 ms are 85,616 segments of 1460 bytes: the whole curve over a minute and a half.
BOOST_AUTO_TEST_CASE(on_a_long_fat_pipe_the_window_follows_the_formula) {
    constexpr uint32_t segments = 85'616;
    sender s(segments, 1460);
    s.lose();
    const double k = k_of(segments);
    BOOST_TEST(k > 39.0);
    const time_point begin = s.now;
    while (s.now - begin < 90s) {
        s.run(1s, 100ms);
        const double t = std::chrono::duration<double>(s.now - begin).count();
        const double formula = 0.4 * std::pow(t - k, 3) + segments;
        BOOST_TEST(std::abs(s.segments() / formula - 1) < 0.01,
                   t << " s: " << s.segments() << " for " << formula);
    }
}

// Windows of 64 KiB to 1 GiB, segments of 1 to 9000 bytes, round trips of a nanosecond to an hour, clocks
// that jump both ways: the window stays within its bounds, and an ACK never shrinks it.
BOOST_AUTO_TEST_CASE(nothing_overflows) {
    std::mt19937_64 random(1);
    for (uint32_t smss : {1u, 48u, 536u, 1460u, 9000u}) {
        for (uint32_t window : {uint32_t(65536), uint32_t(1) << 24, uint32_t(1) << 30}) {
            congestion_control c(net::congestion_algorithm::cubic, smss, window);
            c.on_loss(window);
            time_point now{std::chrono::hours(24 * 365)};
            for (int i = 0; i < 3000; ++i) {
                const uint32_t before = c.cwnd();
                const auto rtt = duration(int64_t(1) << (random() % 42));
                c.on_ack({.acked = uint32_t(1) << (random() % 31),
                          .flight = uint32_t(random() >> 34),
                          .now = now,
                          .rtt = rtt,
                          .srtt = rtt});
                BOOST_TEST_REQUIRE(c.cwnd() >= before);
                BOOST_TEST_REQUIRE(c.cwnd() <= uint32_t(1) << 30);
                const auto jump = duration(int64_t(1) << (random() % 50));
                now += random() % 4 ? jump : -jump;
                if (random() % 50 == 0) c.on_loss(c.cwnd());
                if (random() % 50 == 0) c.on_ack_unfilled(1, now, rtt);
                if (random() % 100 == 0) c.on_timeout(c.cwnd(), random() % 2);
                if (random() % 100 == 0) c.on_spurious();
                if (random() % 100 == 0) c.on_recovery_exit(c.cwnd());
                if (random() % 200 == 0) (void)c.on_silence(now, 10 * smss);
            }
        }
    }
}

// The largest K there is: 1 GiB in segments of one byte takes 930 s.
BOOST_AUTO_TEST_CASE(the_longest_curve_is_still_exact) {
    sender s(uint32_t(1) << 30, 1);
    s.lose();
    const double k = k_of(double(uint32_t(1) << 30));
    s.run(std::chrono::seconds(int(k / 2)), 1s);
    const double formula = double(uint32_t(1) << 30) - 0.4 * std::pow(k - int(k / 2), 3);
    BOOST_TEST(std::abs(s.segments() / formula - 1) < 0.01);
    s.run(std::chrono::seconds(int(k)), 1s);
    BOOST_TEST(s.w.cwnd == uint32_t(1) << 30);
}

BOOST_AUTO_TEST_SUITE_END()
