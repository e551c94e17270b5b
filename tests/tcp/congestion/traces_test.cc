// Windows over time on an ideal path, kept as reviewed texts in tests/tcp/congestion/traces/: a change of
// behaviour shows as a change of those.
#include "tcp/congestion/congestion_control.hh"
#include "tests/support/snapshot.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;
using net::congestion_algorithm;

namespace {

constexpr uint32_t mss = 1460;

// A path that carries `segments` in flight without delay, queues as many again as `queue`, and drops the
// rest.
struct path {
    duration rtt;
    uint32_t segments;
    uint32_t queue;
};

// One flow that always has something to send. Time goes in round trips: each acknowledges the window that was
// sent in the one before, in steps of two to eight segments; a drop costs one round trip of recovery.
class flow {
 public:
    flow(congestion_algorithm a, path p) : path_(p), c_(a, mss, initial_window(mss)) {
        trace_ = fmt::format(
            "{}, round trip {} ms, {} segments and a queue of {}\n    ms    rtt    cwnd ssthresh\n",
            net::to_string(a), path_.rtt / 1ms, path_.segments, path_.queue);
    }

    flow& run(duration time, int every = 1) {
        const time_point end = now_ + time;
        for (int round = 0; now_ < end; ++round) {
            if (round % every == 0) note("");
            round_trip();
        }
        return *this;
    }
    // The path drops something that is not its queue's fault.
    flow& lose() {
        lose("loss");
        return *this;
    }
    flow& time_out() {
        note("timeout");
        c_.on_timeout(c_.cwnd(), true);
        now_ += 300ms;
        return *this;
    }
    std::string trace() {
        note("end");
        return trace_;
    }

 private:
    uint32_t window() const { return c_.cwnd() / mss; }
    // Of a packet behind `before` others.
    duration delay(uint32_t before) const {
        const uint32_t queued = before > path_.segments ? before - path_.segments : 0;
        return path_.rtt + path_.rtt * std::min(queued, path_.queue) / path_.segments;
    }
    void round_trip() {
        if (window() > path_.segments + path_.queue) return lose("overflow");
        const uint32_t sent = window();
        const uint32_t step = std::clamp(sent / 64, 2u, hystart::limit_segments);
        const time_point begin = now_;
        const duration length = delay(sent);
        for (uint32_t acked = 0; acked < sent;) {
            const uint32_t n = std::min(step, sent - acked);
            acked += n;
            now_ = begin + (length * acked) / std::max(sent, path_.segments);  // as the path delivers
            // What is sent now finds the window of before full, and grows the queue beyond it.
            const duration rtt = delay(std::min(window(), sent + acked));
            c_.on_ack({.acked = n * mss, .flight = c_.cwnd(), .now = now_, .rtt = rtt, .srtt = rtt});
        }
        now_ = begin + length;
    }
    void lose(const char* why) {
        note(why);
        c_.on_loss(c_.cwnd());
        now_ += delay(window());
        c_.on_recovery_exit(c_.cwnd());
    }
    void note(const char* what) {
        const auto threshold = c_.ssthresh() == UINT32_MAX ? "-" : fmt::format("{}", c_.ssthresh() / mss);
        trace_ += fmt::format("{:6} {:6.1f} {:7.1f} {:>8}{}{}\n", (now_ - begin_) / 1ms,
                              double(delay(window()) / 1us) / 1000, double(c_.cwnd()) / mss, threshold,
                              *what ? "  " : "", what);
    }

    path path_;
    congestion_control c_;
    time_point begin_{1s};
    time_point now_ = begin_;
    std::string trace_;
};

void check(const char* name, flow& f) {
    const std::string wrong =
        test::compare_snapshot(fmt::format("tests/tcp/congestion/traces/{}.txt", name), f.trace());
    BOOST_TEST(wrong.empty(), wrong);
}

constexpr path office{.rtt = 20ms, .segments = 170, .queue = 170};    // 100 Mbit/s
constexpr path bloated{.rtt = 20ms, .segments = 170, .queue = 1700};  // the same, with a queue of 200 ms
constexpr path short_path{.rtt = 5ms, .segments = 40, .queue = 20};   // 100 Mbit/s, a shallow queue
constexpr path long_fat{.rtt = 100ms, .segments = 85'616, .queue = 40'000};  // 10 Gbit/s

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 9406 §4.2, §5; RFC 9438 §4.10.
BOOST_AUTO_TEST_CASE(slow_start_with_hystart) {
    flow f(congestion_algorithm::cubic, bloated);
    f.run(1s);
    check("slow_start_with_hystart", f);
}

// RFC 5681 §3.1: for comparison, without it.
BOOST_AUTO_TEST_CASE(slow_start_of_reno) {
    flow f(congestion_algorithm::reno, bloated);
    f.run(1s);
    check("slow_start_of_reno", f);
}

// RFC 9438 §4.2, §4.4, §4.5, §4.6.
BOOST_AUTO_TEST_CASE(one_loss) {
    flow f(congestion_algorithm::cubic, {.rtt = 100ms, .segments = 850, .queue = 850});
    f.run(2500ms).lose().run(16s, 4);
    check("one_loss", f);
}

// RFC 9438 §4.7.
BOOST_AUTO_TEST_CASE(two_losses_with_fast_convergence) {
    flow f(congestion_algorithm::cubic, {.rtt = 100ms, .segments = 850, .queue = 850});
    f.run(2500ms).lose().run(2s, 4).lose().run(10s, 4);
    check("two_losses_with_fast_convergence", f);
}

// RFC 9438 §4.8.
BOOST_AUTO_TEST_CASE(a_timeout) {
    flow f(congestion_algorithm::cubic, office);
    f.run(500ms).time_out().run(3s, 4);
    check("a_timeout", f);
}

// RFC 9438 §4.3: few segments and a short round trip, beside Reno on the same path.
BOOST_AUTO_TEST_CASE(the_reno_friendly_region) {
    flow cubic(congestion_algorithm::cubic, short_path);
    cubic.run(2s, 10);
    check("the_reno_friendly_region", cubic);
    flow reno(congestion_algorithm::reno, short_path);
    reno.run(2s, 10);
    check("the_reno_friendly_region_as_reno", reno);
}

// RFC 9438 §4.4, §4.5: how long a pipe of 10 Gbit/s and 100 ms stays empty after one loss; with Reno, an
// hour.
BOOST_AUTO_TEST_CASE(a_long_fat_pipe) {
    flow f(congestion_algorithm::cubic, long_fat);
    f.run(3s).lose().run(60s, 20);
    check("a_long_fat_pipe", f);
}

BOOST_AUTO_TEST_SUITE_END()
