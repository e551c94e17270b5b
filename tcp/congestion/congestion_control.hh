// One of the congestion control algorithms: told of events, answers the window. RFC 5681.
#pragma once

#include "net/congestion.hh"
#include "tcp/congestion/bbr.hh"
#include "tcp/congestion/cubic.hh"
#include "tcp/congestion/dctcp.hh"
#include "tcp/congestion/reno.hh"
#include "tcp/congestion/window.hh"
#include "tcp/congestion/window_validation.hh"

#include <cstdint>
#include <memory>
#include <variant>

namespace millrace::tcp {

// An algorithm is one file pair, one name in net/congestion.hh and one type in the variant below; BBR, which
// goes by a model of the path instead of by losses, stands beside the variant. The window is kept here, so
// that to read it, and to ignore the ACKs of a window that was not filled, needs no dispatch; what the
// algorithm remembers takes memory only once there is something to remember: most connections of a server
// never fill their first window.
class congestion_control {
 public:
    // `smss`: the largest payload that we send. `initial_cwnd` in bytes, from initial_window().
    congestion_control(net::congestion_algorithm a, uint32_t smss, uint32_t initial_cwnd) noexcept;

    // From now on by these rules; the window stays what it is.
    void choose(net::congestion_algorithm a) noexcept;

    // BBR alone. It has a model from begin_model() on, told as bbr's constructor is, until another algorithm
    // is chosen, and goes by the rules of Reno before. With a model on_ack() and on_silence() do nothing.
    bool wants_model() const noexcept { return algorithm_ == net::congestion_algorithm::bbr; }
    void begin_model(duration srtt, bool selective, time_point now, uint64_t seed);
    bool has_model() const noexcept { return memory_ && memory_->model; }
    const bbr& model() const noexcept { return *memory_->model; }
    void on_delivery(const delivery& d) noexcept { memory_->model->on_delivery(w_, d); }
    void on_lost(const lost_segment& p) noexcept { memory_->model->on_lost(w_, p); }
    void on_restart(time_point now) noexcept { memory_->model->on_restart(w_, now); }
    bool takes_app_limited() noexcept { return memory_->model->takes_app_limited(); }

    // New data was acknowledged outside of recovery, and the flight before it filled the window.
    void on_ack(const window_ack& a) noexcept;
    // The same when something else kept the flight below the window: a window that is not used does not grow
    // (RFC 7661 §4.3). `srtt`: smoothed.
    void on_ack_unfilled(uint32_t acked, time_point now, duration srtt) noexcept {
        paused_ = true;
        if (memory_) measure_unfilled(acked, now, srtt);
    }
    // If measures_acks(), without a model: any ACK, behind the calls above; it says that so many bytes were
    // `marked`.
    void on_delivered(uint32_t acked, uint32_t flight, uint32_t marked) noexcept;
    bool measures_acks() const noexcept {
        return algorithm_ == net::congestion_algorithm::dctcp || wants_model();
    }
    // Works only where the peer tells of marks, and tells of them exactly itself.
    bool needs_ecn() const noexcept { return algorithm_ == net::congestion_algorithm::dctcp; }
    // Recovery begins, with `flight` bytes in flight.
    void on_loss(uint32_t flight) noexcept;
    // The path has marked a segment of the window, and this is the first to be heard of it: RFC 3168 §6.1.2.
    // `flight` bytes are in flight.
    void on_mark(uint32_t flight) noexcept;
    // Between on_loss() and on_recovery_exit(): what recovery lets out (RFC 9937). A model says that itself.
    void limit_recovery(uint32_t bytes) noexcept {
        if (!has_model()) w_.cwnd = bytes;
    }
    // Recovery is over, with `flight` bytes in flight, after so many were sent again. RFC 6582 §3.2 step 3,
    // option (1): no burst is let out.
    void on_recovery_exit(uint32_t flight, uint32_t sent_again = 0) noexcept;
    // The retransmission timer struck; `first` of a row without progress: only that lowers the threshold (RFC
    // 5681 §3.1).
    void on_timeout(uint32_t flight, bool first) noexcept;
    // The last loss or timeout was none: segments or their ACKs were only late (RFC 9438 §4.9, RFC 4015
    // §3.2). The window is again what it was, unless it has outgrown that.
    void on_spurious() noexcept;
    // Sending starts again after a silence longer than the timeout. The window is kept, for a while (RFC 7661
    // §4.4). True if it would let out more at once than the `initial_cwnd` of today: nobody knows whether the
    // path still bears it.
    bool on_silence(time_point now, uint32_t initial_cwnd) noexcept;
    // Path MTU discovery changed the segment size.
    void set_smss(uint32_t smss) noexcept { w_.smss = smss; }

    // Bytes that may be in the network at once.
    uint32_t cwnd() const noexcept { return w_.cwnd; }
    uint32_t ssthresh() const noexcept { return w_.ssthresh; }  // UINT32_MAX until the first loss
    bool in_slow_start() const noexcept { return w_.in_slow_start(); }
    net::congestion_algorithm algorithm() const noexcept { return algorithm_; }

 private:
    struct memory {
        std::variant<cubic, reno, dctcp> algorithm;
        congestion_window before;  // the last loss or timeout
        window_validation validation{};
        uint32_t used_at_loss = 0;  // of a window that was not validated then; 0: it was
        std::unique_ptr<bbr> model{};
    };

    memory& remember() noexcept;
    void measure_unfilled(uint32_t acked, time_point now, duration srtt) noexcept;
    void end_unvalidated(time_point now, uint32_t initial_cwnd) noexcept;

    congestion_window w_;
    net::congestion_algorithm algorithm_;
    bool paused_ = false;    // ACKs of an unfilled window since the algorithm was last told of one
    bool undoable_ = false;  // the last loss or timeout was not said to be spurious
    std::unique_ptr<memory> memory_;
};

}  // namespace millrace::tcp
