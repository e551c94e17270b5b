#include "tcp/send/in_flight.hh"

#include "core/check.hh"

#include <utility>

namespace millrace::tcp {

size_t in_flight::lower_bound(seq s) const noexcept {
    size_t low = 0, high = records_.size();
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (records_[middle].at < s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t in_flight::find(seq s) const noexcept {
    const size_t behind = lower_bound(s + 1);
    if (behind == 0 || records_[behind - 1].end() <= s) return records_.size();
    return behind - 1;
}

void in_flight::on_retransmit(size_t i, time_point now) noexcept {
    sent_segment& s = records_[i];
    if (s.lost) lost_bytes_ -= s.length;
    s.lost = false;
    s.sent_at = now;
    if (s.transmissions < UINT8_MAX) ++s.transmissions;
    if (rate_) rate_->on_resent(i, in_network(), s.length, now);
}

void in_flight::split(size_t i, uint32_t length) {
    CHECK(i < size() && length > 0 && length < records_[i].length);
    sent_segment rest = records_[i];
    rest.at += length;
    rest.length -= length;
    records_[i].length = length;
    records_.insert(i + 1, std::move(rest));
    if (rate_) rate_->split(i);
}

void in_flight::take_back_last() noexcept {
    uncount(records_.back(), records_.back().length);
    records_.drop_back();
    if (rate_) rate_->drop_back();
}

void in_flight::clear() noexcept {
    records_.clear();
    bytes_ = sacked_bytes_ = lost_bytes_ = 0;
    if (rate_) rate_->clear();
}

void in_flight::sack(size_t i) noexcept {
    sent_segment& s = records_[i];
    if (s.lost) lost_bytes_ -= s.length;
    s.lost = false;
    s.sacked = true;
    s.sacked_to = s.end();
    sacked_bytes_ += s.length;
    if (rate_) note_arrival(i, s.length);
}

void in_flight::mark_lost(size_t i) noexcept {
    sent_segment& s = records_[i];
    CHECK(!s.sacked);
    if (s.lost) return;
    s.lost = true;
    lost_bytes_ += s.length;
    if (rate_) rate_->on_lost(i, s.length, i == 0 || !records_[i - 1].lost);
}

void in_flight::forget_sacked() noexcept {
    for (size_t i = 0; i < size(); ++i) records_[i].sacked = false;
    sacked_bytes_ = 0;
}

void in_flight::forget_lost() noexcept {
    if (lost_bytes_ == 0) return;
    for (size_t i = 0; i < size(); ++i) records_[i].lost = false;
    lost_bytes_ = 0;
}

// Whole records that were sent once are counted by where they begin and end.
in_flight::acked in_flight::acknowledge_several(seq una, time_point now) noexcept {
    size_t n = 0;
    time_point last_sent = now;
    for (; n < records_.size() && records_[n].end() <= una; ++n) {
        if (!records_[n].is_unmarked()) return acknowledge_any(una, now);
        last_sent = records_[n].sent_at;
    }
    if (n == 0 || (n < records_.size() && records_[n].at < una)) return acknowledge_any(una, now);
    const uint32_t bytes = distance(records_.front().at, records_[n - 1].end());
    bytes_ -= bytes;
    records_.drop_front(n);
    return {.bytes = bytes, .newly_arrived = bytes, .rtt = now - last_sent};
}

in_flight::acked in_flight::acknowledge_any(seq una, time_point now) noexcept {
    acked a;
    bool ambiguous = false;
    time_point last_sent = now;
    while (!empty()) {
        sent_segment& s = records_.front();
        if (una <= s.at) break;
        const bool whole = s.end() <= una;
        const uint32_t bytes = whole ? s.length : distance(s.at, una);
        ambiguous |= s.sacked || s.transmissions > 1;
        last_sent = s.sent_at;
        a.bytes += bytes;
        if (!s.sacked) a.newly_arrived += bytes;
        if (rate_) note_arrival(0, bytes);
        uncount(s, bytes);
        if (!whole) {
            s.at = una;
            s.length -= bytes;
            break;
        }
        records_.drop_front();
        if (rate_) rate_->drop_front();
    }
    if (a.bytes > 0 && !ambiguous) a.rtt = now - last_sent;
    return a;
}

void in_flight::measure(bool on, time_point now) {
    if (on == (rate_ != nullptr)) return;
    rate_ = on ? std::make_unique<delivery_rate>() : nullptr;
    for (size_t i = 0; i < size(); ++i) records_[i].measured = on;
    if (!on) return;
    // What is in flight already is taken to have gone out now, and what was reported is no news.
    for (size_t i = 0; i < size(); ++i) {
        rate_->on_sent(in_network(), records_[i].length, now);
        if (records_[i].sacked) note_arrival(i, records_[i].length);
    }
}

void in_flight::measure_last(time_point now) {
    records_.back().measured = true;
    rate_->on_sent(in_network(), records_.back().length, now);
}

void in_flight::note_arrival(size_t i, uint32_t bytes) noexcept {
    const sent_segment& s = records_[i];
    rate_->on_delivered(i, {.bytes = bytes,
                            .whole = bytes == s.length,
                            .sent_at = s.sent_at,
                            .end = s.end(),
                            .once = s.transmissions == 1});
}

void in_flight::uncount(const sent_segment& s, uint32_t bytes) noexcept {
    bytes_ -= bytes;
    if (s.sacked) sacked_bytes_ -= bytes;
    if (s.lost) lost_bytes_ -= bytes;
}

}  // namespace millrace::tcp
