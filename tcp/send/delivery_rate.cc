#include "tcp/send/delivery_rate.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

__extension__ typedef unsigned __int128 wide;

}  // namespace

// OnPacketSent(): draft-ietf-ccwg-bbr §4.1.2.2.
delivery_rate::snapshot delivery_rate::take(uint32_t in_flight, uint32_t length, time_point now) noexcept {
    if (in_flight <= length) first_sent_ = delivered_at_ = now;  // nothing else is in the network
    return {.first_sent = first_sent_,
            .delivered_at = delivered_at_,
            .delivered = delivered_,
            .lost = lost_,
            .tx_in_flight = in_flight,
            .app_limited = is_app_limited()};
}

void delivery_rate::on_sent(uint32_t in_flight, uint32_t length, time_point now) {
    snapshots_.push_back(take(in_flight, length, now));
}

void delivery_rate::on_resent(size_t i, uint32_t in_flight, uint32_t length, time_point now) noexcept {
    snapshots_[i] = take(in_flight, length, now);
}

// UpdateRateSample(): draft-ietf-ccwg-bbr §4.1.2.3.
void delivery_rate::on_delivered(size_t i, const arrival& a) noexcept {
    snapshot& p = snapshots_[i];
    if (p.arrived) return;
    p.arrived = a.whole;
    delivered_ += a.bytes;
    delivered_at_ = now_;
    sample_.newly_acked += a.bytes;
    const bool newest = a.sent_at > first_sent_ || (a.sent_at == first_sent_ && newest_end_ < a.end);
    if (sample_.valid && !newest) return;  // IsNewestPacket()
    sample_.valid = true;
    sample_.prior = p.delivered;
    sample_.tx_in_flight = p.tx_in_flight;
    sample_.app_limited = p.app_limited;
    sample_.rtt = a.once ? now_ - a.sent_at : duration(-1);
    lost_before_ = p.lost;
    send_elapsed_ = a.sent_at - p.first_sent;
    ack_elapsed_ = now_ - p.delivered_at;
    newest_end_ = a.end;
    first_sent_ = a.sent_at;
}

void delivery_rate::on_lost(size_t i, uint32_t bytes, bool begins_range) {
    const snapshot& p = snapshots_[i];
    lost_ += bytes;
    losses_.push_back({.size = bytes,
                       .tx_in_flight = p.tx_in_flight,
                       .lost = lost_ - p.lost,
                       .app_limited = p.app_limited,
                       .begins_range = begins_range});
}

// Both halves were sent as one.
void delivery_rate::split(size_t i) {
    snapshot rest = snapshots_[i];
    snapshots_.insert(i + 1, std::move(rest));
}

void delivery_rate::clear() noexcept {
    snapshots_.clear();
    losses_.clear();
}

void delivery_rate::begin_ack(time_point now) noexcept {
    now_ = now;
    sample_ = {};
}

delivery_rate::sample delivery_rate::finish(duration min_rtt) noexcept {
    if (delivered_ > app_limited_until_) app_limited_until_ = 0;
    if (!sample_.valid) return sample_;
    sample_.interval = std::max(send_elapsed_, ack_elapsed_);
    sample_.delivered = delivered_ - sample_.prior;
    sample_.lost = lost_ - lost_before_;
    const auto per_second = [&](duration d) {
        return uint64_t(wide(sample_.delivered) * 1'000'000'000 / uint64_t(d.count()));
    };
    if (send_elapsed_ > duration::zero()) sample_.send_rate = per_second(send_elapsed_);
    if (sample_.interval >= min_rtt && sample_.interval > duration::zero())
        sample_.rate = per_second(sample_.interval);
    return sample_;
}

std::optional<delivery_rate::loss> delivery_rate::next_loss() noexcept {
    if (losses_.empty()) return std::nullopt;
    return losses_.pop_front();
}

void delivery_rate::forget_losses() noexcept {
    while (const auto l = next_loss()) lost_ -= l->size;
}

void delivery_rate::set_app_limited(uint32_t in_flight) noexcept {
    app_limited_until_ = std::max<uint64_t>(delivered_ + in_flight, 1);
}

}  // namespace millrace::tcp
