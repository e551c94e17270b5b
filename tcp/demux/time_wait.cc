#include "tcp/demux/time_wait.hh"

#include "core/check.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::tcp {
namespace {

uint32_t milliseconds(time_point t) noexcept {
    return uint32_t(std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count());
}

bool is_due(uint32_t deadline, time_point now) noexcept {
    return int32_t(milliseconds(now) - deadline) >= 0;
}

// The window that the connection announced, in bytes, is not kept: a segment counts as belonging to the old
// connection if it lies within one unscaled window behind RCV.NXT.
bool acceptable(const time_wait_record& r, const segment& s) noexcept {
    constexpr uint32_t window = 65535;
    const uint32_t length = s.length();
    if (length == 0) return in_window(s.seq, r.rcv_nxt, window);
    return in_window(s.seq + (length - 1), r.rcv_nxt, window) || in_window(s.seq, r.rcv_nxt, window);
}

}  // namespace

time_wait_verdict judge(const time_wait_record& r, const segment& s) noexcept {
    // RFC 1337 §3 F1: a reset must not end the wait.
    if (s.flags.has(flags::rst)) return time_wait_verdict::drop;
    if (s.flags.has(flags::syn)) {
        if (s.flags.has(flags::ack)) return time_wait_verdict::acknowledge;
        if (r.timestamps && s.options.timestamps) {
            const int32_t later = int32_t(s.options.timestamps->value - r.ts_recent);
            if (later > 0 || (later == 0 && s.seq > r.rcv_nxt)) return time_wait_verdict::reuse;
            return time_wait_verdict::acknowledge;
        }
        return s.seq > r.rcv_nxt ? time_wait_verdict::reuse : time_wait_verdict::acknowledge;
    }
    // The FIN that we have already: it ends where RCV.NXT stands.
    if (s.flags.has(flags::fin) && s.end() == r.rcv_nxt) return time_wait_verdict::restart;
    // Segments without data that fit get no answer, or two ends in TIME-WAIT would talk for ever.
    if (s.length() == 0 && acceptable(r, s)) return time_wait_verdict::drop;
    return time_wait_verdict::acknowledge;
}

outgoing acknowledgment(const time_wait_record& r, uint32_t ts_now) noexcept {
    outgoing o;
    o.seq = r.snd_nxt;
    o.ack = r.rcv_nxt;
    o.flags = flags::ack | flags::of_ace(r.ace);
    o.wnd = r.wnd;
    if (r.timestamps) o.options.timestamps = timestamp_option{ts_now, r.ts_recent};
    return o;
}

numbered_flow::numbered_flow(const four_tuple& t, uint32_t local_address) noexcept {
    const packed_tuple whole(t);
    std::memcpy(bytes.data(), whole.bytes.data() + 16, 20);  // the remote address, and both ports
    std::memcpy(bytes.data() + 20, &local_address, 4);
}

bool time_wait_table::insert(const four_tuple& flow, const time_wait_state& s, time_point now) {
    if (limit_ == 0) return false;
    const bool full = records_.size() >= limit_ && free_ == none;
    if (full) evict_oldest();
    if (live_ >= buckets_.size()) double_buckets();
    const uint32_t i = allocate();
    time_wait_record& r = records_[i];
    r = time_wait_record{};
    const uint32_t local = number_of(flow.local.address);
    if (local == locals_.size()) locals_.push_back(flow.local.address);
    r.flow = numbered_flow(flow, local);
    r.wnd = s.wnd;
    r.timestamps = s.timestamps;
    r.live = true;
    r.ace = s.ace.ace() & 7;
    r.snd_nxt = s.snd_nxt;
    r.rcv_nxt = s.rcv_nxt;
    r.ts_recent = s.ts_recent;
    r.chain = std::exchange(bucket_of(r.flow), i);
    enqueue(i, now);
    ++live_;
    return !full;
}

void time_wait_table::evict_oldest() noexcept {
    if (first_ != none)
        release(dequeue());
    else if (!late_.empty())
        release(take_postponed());
}

time_wait_record* time_wait_table::find(const four_tuple& flow) noexcept {
    if (live_ == 0) return nullptr;
    const numbered_flow wanted(flow, number_of(flow.local.address));
    for (uint32_t i = bucket_of(wanted); i != none; i = records_[i].chain)
        if (records_[i].flow == wanted) return &records_[i];
    return nullptr;
}

void time_wait_table::erase(time_wait_record& r) noexcept {
    CHECK(r.live);
    uint32_t* link = &bucket_of(r.flow);
    while (&records_[*link] != &r) link = &records_[*link].chain;
    *link = r.chain;
    r.live = false;
    --live_;
}

bool time_wait_table::may_be_reopened(const time_wait_record& r, time_point now) const noexcept {
    const auto left = std::chrono::milliseconds(int32_t(r.deadline - milliseconds(now)));
    return r.timestamps && wait_ - left >= std::chrono::seconds(1);
}

time_point time_wait_table::next_timeout() const noexcept {
    return next_timeout_;
}

void time_wait_table::restart(time_wait_record& r, time_point now) noexcept {
    r.deadline = deadline_after(now);
    r.restarted = true;
}

void time_wait_table::expire(time_point now) noexcept {
    while (first_ != none && (records_[first_].restarted || is_due(records_[first_].deadline, now))) {
        const uint32_t i = dequeue();
        if (records_[i].live && !is_due(records_[i].deadline, now))
            postpone(i);
        else
            release(i);
    }
    while (!late_.empty() && is_due(late_.front().deadline, now)) {
        const uint32_t i = take_postponed();
        if (records_[i].live && !is_due(records_[i].deadline, now))
            postpone(i);
        else
            release(i);
    }
    next_timeout_ = never;
    const auto wait_for = [&](uint32_t deadline) {
        const auto left = std::chrono::milliseconds(int32_t(deadline - milliseconds(now)));
        next_timeout_ = std::min(next_timeout_, now + left);
    };
    if (first_ != none) wait_for(records_[first_].deadline);
    if (!late_.empty()) wait_for(late_.front().deadline);
}

// Rounded up: never early.
uint32_t time_wait_table::deadline_after(time_point now) const noexcept {
    return milliseconds(now + wait_) + 1;
}

// One that is not among them gets the next number.
uint32_t time_wait_table::number_of(const net::ip_address& local) const noexcept {
    return uint32_t(std::find(locals_.begin(), locals_.end(), local) - locals_.begin());
}

uint32_t& time_wait_table::bucket_of(const numbered_flow& flow) noexcept {
    return buckets_[siphash(key_, flow.bytes) & (buckets_.size() - 1)];
}

uint32_t time_wait_table::allocate() {
    if (free_ != none) return std::exchange(free_, records_[free_].after);
    records_.emplace_back();
    return uint32_t(records_.size() - 1);
}

void time_wait_table::enqueue(uint32_t i, time_point now) noexcept {
    records_[i].deadline = deadline_after(now);
    records_[i].after = none;
    if (first_ == none) next_timeout_ = std::min(next_timeout_, now + wait_ + std::chrono::milliseconds(1));
    (first_ == none ? first_ : records_[last_].after) = i;
    last_ = i;
}

uint32_t time_wait_table::dequeue() noexcept {
    const uint32_t i = first_;
    first_ = records_[i].after;
    if (first_ == none) last_ = none;
    return i;
}

void time_wait_table::postpone(uint32_t i) {
    late_.push_back({records_[i].deadline, i});
    std::push_heap(late_.begin(), late_.end());
}

uint32_t time_wait_table::take_postponed() noexcept {
    std::pop_heap(late_.begin(), late_.end());
    const uint32_t i = late_.back().index;
    late_.pop_back();
    return i;
}

// It is neither in the queue nor in the heap.
void time_wait_table::release(uint32_t i) noexcept {
    if (records_[i].live) erase(records_[i]);
    records_[i].after = std::exchange(free_, i);
}

void time_wait_table::double_buckets() {
    buckets_.assign(buckets_.empty() ? 64 : buckets_.size() * 2, none);
    for (uint32_t i = 0; i < records_.size(); ++i)
        if (records_[i].live) records_[i].chain = std::exchange(bucket_of(records_[i].flow), i);
}

}  // namespace millrace::tcp
