// BBR over one bottleneck in virtual time: a sender that always, or at a rate, has something to send, a
// queue, and a receiver that acknowledges every segment.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/bbr.hh"
#include "tcp/congestion/window.hh"
#include "tcp/send/in_flight.hh"
#include "tcp/send/pacer.hh"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace millrace::tcp::script {

class bbr_path {
 public:
    static constexpr uint32_t mss = 1000;

    struct options {
        uint64_t rate = 1'000'000;                           // bytes per second
        duration rtt = std::chrono::milliseconds(50);        // of an empty queue
        uint32_t queue = 1u << 30;                           // bytes that wait; more are lost
        uint64_t app_rate = 0;                               // what the application sends; 0: without end
        std::function<bool()> loses = [] { return false; };  // one more segment
        bool selective = true;
    };

    explicit bbr_path(options o) : path(std::move(o)) { flight.measure(true, now); }
    bbr_path() : bbr_path(options{}) {}

    // Until `t`, or until `done` says so after an ACK.
    template <typename F>
    void run_until(time_point t, F&& done) {
        while (now < t) {
            if (pace.deadline() <= now) pace.stop_waiting();
            send_what_may_go();
            now = std::min({t, next_ack(), pace.deadline(), next_write()});
            if (now < next_ack()) continue;
            take_ack();
            if (done()) return;
        }
    }
    void run_for(duration d) {
        run_until(now + d, [] { return false; });
    }
    // Until BBR is in this phase; false if it was not within `most`.
    bool run_to(bbr::phase p, duration most) {
        run_until(now + most, [&] { return flow.now_in() == p; });
        return flow.now_in() == p;
    }
    // Megabytes per second that arrive from now on for `d`.
    uint64_t goodput(duration d) {
        const uint64_t before = delivered();
        run_for(d);
        return uint64_t(double(delivered() - before) / std::chrono::duration<double>(d).count());
    }
    uint64_t delivered() { return flight.rate()->delivered(); }
    uint32_t in_network() const { return flight.bytes() - flight.sacked_bytes() - flight.lost_bytes(); }
    uint64_t bdp() const { return path.rate * uint64_t(path.rtt.count()) / 1'000'000'000; }
    // Bytes that wait at the bottleneck.
    uint64_t queued() const {
        const duration wait = std::max(free_at - now, duration(0));
        return path.rate * uint64_t(wait.count()) / 1'000'000'000;
    }

    options path;
    time_point now{std::chrono::seconds(1)};
    congestion_window window{.smss = mss, .cwnd = 10 * mss};
    bbr flow{window, path.rtt, path.selective, now, 7};
    in_flight flight;
    uint64_t lost_segments = 0;
    uint64_t most_queued = 0;

 private:
    struct packet {
        seq at;
        time_point arrives;  // its ACK does
    };

    time_point next_ack() const { return on_way_.empty() ? never : on_way_.front().arrives; }
    bool has_data() const { return path.app_rate == 0 || written() >= sent_ + mss; }
    uint64_t written() const { return path.app_rate * uint64_t((now - app_since_).count()) / 1'000'000'000; }
    time_point next_write() const {
        if (path.app_rate == 0 || has_data()) return never;
        return app_since_ + duration(int64_t((sent_ + mss) * 1'000'000'000 / path.app_rate) + 1);
    }
    pacer::pace pace_now() const { return {flow.pacing_rate(), flow.send_quantum(mss)}; }

    void send_what_may_go() {
        while (true) {
            size_t lost = 0;
            while (lost < flight.size() && flight.lost_bytes() > 0 && !flight[lost].lost) ++lost;
            const bool again = flight.lost_bytes() > 0;
            if (!again && !has_data()) {
                if (in_network() < window.cwnd) flight.rate()->set_app_limited(in_network());
                return;
            }
            cwnd_limited_ = in_network() + mss > window.cwnd;
            if (cwnd_limited_) return;
            if (flight.empty() && flight.rate()->is_app_limited()) flow.on_restart(window, now);
            if (!pace.may_send(pace_now(), now)) return;
            pace.on_sent(mss);
            if (again) {
                flight.on_retransmit(lost, now);
                put_on_wire(flight[lost].at);
            } else {
                flight.push(next_, mss, now);
                flight.measure_last(now);
                put_on_wire(next_);
                next_ += mss;
                sent_ += mss;
            }
        }
    }

    void put_on_wire(seq at) {
        most_queued = std::max(most_queued, queued());
        if (path.loses() || queued() + mss > path.queue) {
            ++lost_segments;
            return;
        }
        free_at = std::max(free_at, now) + duration(int64_t(uint64_t(mss) * 1'000'000'000 / path.rate));
        on_way_.push_back({at, free_at + path.rtt});
    }

    void take_ack() {
        flight.rate()->begin_ack(now);
        const seq at = on_way_.front().at;
        on_way_.pop_front();
        const size_t i = flight.find(at);
        if (i < flight.size() && !flight[i].sacked) {
            const time_point sent = flight[i].sent_at;
            flight.mark_sacked(i);
            // All that was sent before it and has not arrived is lost: this path reorders nothing.
            for (size_t j = 0; j < i; ++j)
                if (!flight[j].sacked && !flight[j].lost && flight[j].sent_at < sent) flight.mark_lost(j);
        }
        if (flight.lost_bytes() > 0 && !recovers_) {
            flow.on_recovery(window);
            recovers_ = true;
            recover_ = next_;
        }
        size_t whole = 0;
        while (whole < flight.size() && flight[whole].sacked) ++whole;
        if (whole > 0) flight.acknowledge(flight[whole - 1].end(), now);
        if (recovers_ && (flight.empty() || recover_ <= flight.front().at)) recovers_ = false;
        tell();
    }

    void tell() {
        while (const auto l = flight.rate()->next_loss())
            flow.on_lost(window,
                         {l->size, l->tx_in_flight, l->lost, delivered(), l->app_limited, l->begins_range});
        const auto s = flight.rate()->finish(path.rtt);
        flow.on_delivery(window, {.now = now,
                                  .total = delivered(),
                                  .newly_acked = s.newly_acked,
                                  .in_flight = in_network(),
                                  .has_sample = s.valid,
                                  .prior = s.prior,
                                  .delivered = s.delivered,
                                  .rate = s.rate,
                                  .send_rate = s.send_rate,
                                  .tx_in_flight = s.tx_in_flight,
                                  .lost = s.lost,
                                  .app_limited = s.app_limited,
                                  .rtt = s.rtt,
                                  .cwnd_limited = cwnd_limited_,
                                  .in_recovery = recovers_});
        if (flow.takes_app_limited()) flight.rate()->set_app_limited(in_network());
    }

    time_point free_at{};  // when the bottleneck has sent all that it has
    pacer pace{pace_now(), now};
    time_point app_since_ = now;
    std::deque<packet> on_way_;
    seq next_;
    seq recover_;
    uint64_t sent_ = 0;
    bool recovers_ = false;
    bool cwnd_limited_ = false;
};

}  // namespace millrace::tcp::script
