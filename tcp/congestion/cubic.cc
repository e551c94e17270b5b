#include "tcp/congestion/cubic.hh"

#include "tcp/congestion/cube_root.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

constexpr unsigned tick_bits = 20;
// 17 minutes: longer than K of a window of 1 GiB and segments of one byte, 930 s. Further from its plateau no
// curve is looked at: growth is bounded by the window's half long before.
constexpr int64_t max_ticks = int64_t(1) << 30;
// RFC 9438 §4.2: no target is more than half above the window.
constexpr unsigned growth_divisor = 2;

int64_t ticks_of(duration d) noexcept {
    const int64_t ns = std::clamp<int64_t>(d.count(), 0, int64_t(1) << 40);  // 18 minutes
    return std::min((ns << tick_bits) / 1'000'000'000, max_ticks);
}

uint32_t beta(uint32_t bytes) noexcept {
    return uint32_t(uint64_t(bytes) * 7 / 10);
}

}  // namespace

void cubic::on_ack(congestion_window& w, const window_ack& a) noexcept {
    if (w.in_slow_start()) return grow_in_slow_start(w, a);
    if (!curve_.begun) begin(w, a.now);
    if (paused_) curve_.epoch += std::max(a.now - grown_at_, duration::zero());
    paused_ = false;
    grown_at_ = a.now;
    estimate_reno(w, a.acked);
    const int64_t t = ticks_of(a.now - curve_.epoch);
    if (w_cubic(t, w.smss) < curve_.w_est) {  // RFC 9438 §4.3, the Reno-friendly region
        w.cwnd = std::max(w.cwnd, curve_.w_est);
        return;
    }
    // §4.4 and §4.5: towards where the curve is one round trip from now.
    const int64_t ahead = w_cubic(t + ticks_of(a.srtt), w.smss);
    const int64_t target = std::clamp<int64_t>(ahead, w.cwnd, w.cwnd + w.cwnd / growth_divisor);
    credit_ += uint64_t(target - w.cwnd) * a.acked;
    const uint64_t growth = credit_ / w.cwnd;
    credit_ %= w.cwnd;
    w.grow(growth);
}

// RFC 9438 §4.10.
void cubic::grow_in_slow_start(congestion_window& w, const window_ack& a) noexcept {
    curve_.begun = false;
    if (w.ssthresh != congestion_window::unlimited)
        return w.slow_start(a.acked, after_timeout_ ? 1 : hystart::limit_segments);  // RFC 3465 §2.3
    if (paused_) hystart_.restart();
    paused_ = false;
    w.grow(hystart_.on_ack(a, w.smss));
    if (hystart_.now() == hystart::phase::finished) w.ssthresh = w.cwnd;
}

void cubic::begin(const congestion_window& w, time_point now) noexcept {
    curve_.begun = true;
    after_timeout_ = false;
    curve_.epoch = grown_at_ = now;
    curve_.w_est = w.cwnd;
    est_credit_ = credit_ = 0;
    // Figure 2 of RFC 9438 §4.2; a stage that begins at or above the plateau has K = 0 (§4.8, §4.10).
    curve_.w_max = std::max(curve_.w_max, w.cwnd);
    const uint128 cube = (uint128(curve_.w_max - w.cwnd) * 5 << 3 * tick_bits) / (2 * w.smss);
    curve_.k = uint32_t(std::min<uint64_t>(cube_root(cube), uint64_t(max_ticks)));
}

// What Reno with beta = 0.7 would have: §4.3, figure 4. From cwnd_prior on it grows as Reno does.
void cubic::estimate_reno(const congestion_window& w, uint32_t acked) noexcept {
    const uint32_t alpha = curve_.w_est < curve_.cwnd_prior ? 9 : 17;  // seventeenths
    est_credit_ += uint64_t(acked) * w.smss * alpha;
    const uint64_t unit = uint64_t(w.cwnd) * 17;
    const uint64_t growth = est_credit_ / unit;
    est_credit_ %= unit;
    curve_.w_est = uint32_t(std::min<uint64_t>(curve_.w_est + growth, congestion_window::max));
}

// Figure 1 of §4.2: C (t - K)^3 + W_max.
int64_t cubic::w_cubic(int64_t ticks, uint32_t smss) const noexcept {
    const int64_t from_plateau = ticks - curve_.k;
    const auto distance = uint64_t(std::min(from_plateau < 0 ? -from_plateau : from_plateau, max_ticks));
    const uint128 cube = uint128(distance) * distance * distance;
    const auto bytes = int64_t((cube * (2 * smss) / 5) >> 3 * tick_bits);
    return from_plateau < 0 ? curve_.w_max - bytes : curve_.w_max + bytes;
}

void cubic::on_loss(congestion_window& w, uint32_t flight) noexcept {
    remember(w);
    // §4.7, fast convergence: a plateau that was not reached again makes room for others.
    curve_.w_max = w.cwnd < curve_.w_max ? uint32_t(uint64_t(w.cwnd) * 17 / 20) : w.cwnd;
    w.ssthresh = std::max(beta(w.used(flight)), 2 * w.smss);
}

void cubic::on_timeout(congestion_window& w, uint32_t flight) noexcept {
    remember(w);
    curve_.w_max = 0;  // the stage after the slow start begins at its plateau
    after_timeout_ = true;
    w.ssthresh = std::max(beta(w.used(flight)), 2 * w.smss);
}

void cubic::remember(const congestion_window& w) noexcept {
    before_ = curve_;
    curve_.cwnd_prior = w.cwnd;
    curve_.begun = false;
    after_timeout_ = false;
}

void cubic::on_spurious() noexcept {
    curve_ = before_;
    after_timeout_ = false;
    hystart_.restart();
}

}  // namespace millrace::tcp
