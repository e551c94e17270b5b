// What BBR's state leads to: how fast to send, and how much. draft-ietf-ccwg-bbr §5.6.
#include "tcp/congestion/bbr.hh"

#include <chrono>

namespace millrace::tcp {
namespace {

using namespace std::chrono_literals;

// Percent: §2.4, §2.5, §2.7, §2.14.2, and the table of §5.6.1.
constexpr unsigned startup_pacing = 277;
constexpr unsigned drain_pacing = 50;
constexpr unsigned down_pacing = 90;
constexpr unsigned up_pacing = 125;
constexpr unsigned default_cwnd_gain = 200;
constexpr unsigned up_cwnd_gain = 225;
constexpr unsigned probe_rtt_cwnd_gain = 50;
constexpr unsigned pacing_margin = 1;
constexpr unsigned headroom = 15;

constexpr uint64_t most_quantum = 64 * 1024;  // bytes: §5.6.3

// BBR.MinPipeCwnd.
uint64_t min_pipe(const congestion_window& w) noexcept {
    return 4 * uint64_t(w.smss);
}

}  // namespace

// InitPacingRate(): §5.6.2.
void bbr::init_pacing_rate(duration srtt) noexcept {
    const duration trip = srtt > duration::zero() ? srtt : duration(1ms);
    pacing_rate_ = std::max<uint64_t>(percent_of(rate_of(initial_cwnd_, trip), startup_pacing), 1);
}

// SetPacingRateWithGain(): §5.6.2.
void bbr::set_pacing_rate(unsigned percent) noexcept {
    const uint64_t rate = percent_of(percent_of(model_.bw(), percent), 100 - pacing_margin);
    if (rate > 0 && (full_bw_reached_ || rate > pacing_rate_)) pacing_rate_ = rate;
}

uint32_t bbr::send_quantum(uint32_t smss) const noexcept {
    return uint32_t(std::max<uint64_t>(std::min(pacing_rate_ / 1000, most_quantum), 2 * uint64_t(smss)));
}

// SetCwnd(), with BoundCwndForProbeRTT() and BoundCwndForModel(): §5.6.4.5 to §5.6.4.7.
void bbr::set_cwnd(congestion_window& w, const delivery& d) const noexcept {
    const uint64_t most =
        with_budget(w, model_.bdp(model_.bw(), cwnd_percent()) + model_.extra_acked());  // BBR.max_inflight
    uint64_t cwnd = w.cwnd;
    if (full_bw_reached_)
        cwnd = std::min(cwnd + d.newly_acked, most);
    else if (cwnd < most || d.total < initial_cwnd_)
        cwnd += d.newly_acked;
    cwnd = std::max(cwnd, min_pipe(w));
    if (phase_ == phase::probe_rtt) cwnd = std::min(cwnd, probe_rtt_cwnd(w));
    uint64_t cap = no_limit;
    if (phase_ == phase::probe_cruise || phase_ == phase::probe_rtt)
        cap = inflight_with_headroom(w);
    else if (probes_bw())
        cap = inflight_longterm_;
    cap = std::max(std::min(cap, model_.inflight_shortterm()), min_pipe(w));
    w.cwnd = uint32_t(std::min<uint64_t>({cwnd, cap, congestion_window::max}));
}

unsigned bbr::pacing_percent() const noexcept {
    switch (phase_) {
        case phase::startup:
            return startup_pacing;
        case phase::drain:
            return drain_pacing;
        case phase::probe_down:
            return down_pacing;
        case phase::probe_up:
            return up_pacing;
        case phase::probe_cruise:
        case phase::probe_refill:
        case phase::probe_rtt:
            return 100;
    }
    __builtin_unreachable();
}

unsigned bbr::cwnd_percent() const noexcept {
    if (phase_ == phase::probe_rtt) return probe_rtt_cwnd_gain;
    return phase_ == phase::probe_up ? up_cwnd_gain : default_cwnd_gain;
}

// TargetInflight(): §5.3.3.8.3.
uint64_t bbr::target_inflight(const congestion_window& w) const noexcept {
    return std::min<uint64_t>(model_.bdp(model_.bw()), w.cwnd);
}

// QuantizationBudget(), with the offload budget of §5.5.8.1.
uint64_t bbr::with_budget(const congestion_window& w, uint64_t cap) const noexcept {
    cap = std::max({cap, 3 * uint64_t(send_quantum(w.smss)), min_pipe(w)});
    return phase_ == phase::probe_up ? cap + 2 * uint64_t(w.smss) : cap;
}

// Inflight(1.0): §5.6.4.2.
uint64_t bbr::inflight(const congestion_window& w, uint64_t bw) const noexcept {
    return with_budget(w, model_.bdp(bw));
}

uint64_t bbr::inflight_with_headroom(const congestion_window& w) const noexcept {
    if (inflight_longterm_ == no_limit) return no_limit;
    const uint64_t free = std::max<uint64_t>(w.smss, percent_of(inflight_longterm_, headroom));
    return std::max(inflight_longterm_ - std::min(free, inflight_longterm_), min_pipe(w));
}

// ProbeRTTCwnd(): §5.6.4.5.
uint64_t bbr::probe_rtt_cwnd(const congestion_window& w) const noexcept {
    return std::max(model_.bdp(model_.bw(), probe_rtt_cwnd_gain), min_pipe(w));
}

// SaveCwnd(): §5.6.4.4. What recovery or the probe has made of the window is not to be remembered.
void bbr::save_cwnd(const congestion_window& w) noexcept {
    const bool modulated = in_recovery_ || phase_ == phase::probe_rtt;
    prior_cwnd_ = modulated ? std::max(prior_cwnd_, w.cwnd) : w.cwnd;
}

// xorshift: uniform enough for `below` far from 2^64, and nobody sees what it draws.
uint64_t bbr::draw(uint64_t below) noexcept {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_ % below;
}

}  // namespace millrace::tcp
