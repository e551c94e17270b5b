// Two connections, wired by a lossy queue in virtual time: what one emits, the other parses, or never sees.
#pragma once

#include "core/buffer.hh"
#include "core/time.hh"
#include "tcp/connection/connection.hh"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace millrace::tcp::two_ends {

struct wire_faults {
    duration delay = std::chrono::milliseconds(10);  // one way
    duration jitter{0};                              // added, evenly spread: reorders
    double loss = 0;
    double duplicate = 0;
    duration per_segment{0};  // the time a segment occupies the wire: its rate
    size_t queue = SIZE_MAX;  // segments that wait for the wire; more are dropped
};

// One end with its application: sends `to_send`, reads everything, closes when both are done.
struct end {
    settings options;
    net::memory_budget memory;
    shard_limits limits{rate_limit(1000), memory};
    std::optional<connection> conn;
    std::string to_send;
    size_t sent = 0;
    std::string received;
    bool reads = true;
    bool closes = true;
    size_t chunk = 16384;  // bytes of one send()
    events seen;
    unsigned segments = 0;
};

class pair {
 public:
    explicit pair(uint64_t seed) : rng_(seed) {}

    end a, b;
    wire_faults faults;
    // Called with each segment before it is sent; false: it is lost.
    std::function<bool(bool from_a, const segment&)> filter;

    time_point now() const { return now_; }

    void open_active(end& e, uint32_t iss) {
        e.conn.emplace(e.options, e.limits, opening{seq(iss), iss * 3, mss}, now_);
    }
    // Runs until nothing is left to do, or `until`; true if nothing is left.
    bool run(time_point until);
    bool run_for(duration d) { return run(now_ + d); }
    uint16_t mss = 1460;

 private:
    struct flying {
        bool to_a;
        std::vector<uint8_t> bytes;
    };

    void work(end& e, bool is_a);
    void application(end& e);
    void transmit(const outgoing& o, bool from_a);
    void fly(const std::vector<uint8_t>& bytes, bool to_a, time_point at);
    void deliver(const flying& f);
    void accept(segment& s);
    bool chance(double p) { return double(rng_() >> 11) * 0x1.0p-53 < p; }

    std::mt19937_64 rng_;
    time_point now_ = manual_clock().now();
    time_point free_at_[2] = {};
    std::multimap<time_point, flying> in_air_;
    std::optional<segment> half_open_;
    time_point syn_ack_at_{};
};

inline void pair::application(end& e) {
    connection& c = *e.conn;
    e.seen |= c.take_events();
    if (e.reads)
        while (buffer data = c.receive()) e.received.append(data.view());
    while (e.sent < e.to_send.size()) {
        const auto piece = std::string_view(e.to_send).substr(e.sent, e.chunk);
        size_t n;
        if (e.chunk % 2 == 0) {
            buffer copy = buffer::copy_of(piece);
            n = c.send(copy);
        } else {
            n = c.send(piece);
        }
        e.sent += n;
        if (n < piece.size()) break;
    }
    if (e.closes && e.sent == e.to_send.size()) c.shutdown_write();
}

inline void pair::work(end& e, bool is_a) {
    if (!e.conn) return;
    if (e.conn->next_timeout() <= now_) e.conn->on_timeout(now_);
    application(e);
    for (;;) {
        outgoing o;
        if (!e.conn->next_segment(o, now_)) break;
        ++e.segments;
        transmit(o, is_a);
    }
    e.seen |= e.conn->take_events();
}

inline void pair::transmit(const outgoing& o, bool from_a) {
    std::vector<uint8_t> bytes(o.header_bytes());
    emit(o, 1, 2, bytes.data());
    for (const auto& part : o.payload) bytes.insert(bytes.end(), part.bytes().begin(), part.bytes().end());
    if (filter) {
        segment s;
        (void)parse(buffer::copy_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()}), s);
        if (!filter(from_a, s)) return;
    }
    if (chance(faults.loss)) return;
    time_point& wire = free_at_[from_a];
    if (faults.per_segment > duration(0)) {
        wire = std::max(wire, now_);
        if (size_t((wire - now_) / faults.per_segment) >= faults.queue) return;
        wire += faults.per_segment;
    } else {
        wire = now_;
    }
    for (int copies = chance(faults.duplicate) ? 2 : 1; copies > 0; --copies) {
        const auto jitter =
            duration(faults.jitter.count() > 0 ? rng_() % uint64_t(faults.jitter.count()) : 0);
        fly(bytes, !from_a, wire + faults.delay + jitter);
    }
}

inline void pair::fly(const std::vector<uint8_t>& bytes, bool to_a, time_point at) {
    in_air_.emplace(at, flying{to_a, bytes});
}

// The part of the listener: a half-open record, its SYN-ACK, and the connection when that is acknowledged.
inline void pair::accept(segment& s) {
    const seq iss(9000);
    if (s.flags.has(flags::rst)) return;
    if (s.flags.has(flags::syn)) {
        if (!half_open_) syn_ack_at_ = now_;
        half_open_ = std::move(s);
        const segment& syn = *half_open_;
        outgoing o;
        o.seq = iss;
        o.ack = syn.seq + 1;
        o.flags = flags::syn | flags::ack;
        o.wnd = 65535;
        o.options.mss = mss;
        if (syn.options.window_scale && b.options.window_scaling) o.options.window_scale = 5;
        if (syn.options.timestamps && b.options.timestamps)
            o.options.timestamps = timestamp_option{timestamp_clock(now_, 77), syn.options.timestamps->value};
        o.options.sack_permitted = syn.options.sack_permitted && b.options.sack;
        transmit(o, false);
        return;
    }
    if (!half_open_ || s.ack != iss + 1) return;
    const segment& syn = *half_open_;
    passive_opening p{.irs = syn.seq,
                      .wnd = 65535,
                      .window_scale = 5,
                      .peer_mss = syn.options.mss.value_or(536),
                      .peer_wnd = syn.wnd,
                      .timestamps = syn.options.timestamps && b.options.timestamps,
                      .sack = syn.options.sack_permitted && b.options.sack,
                      .first_sent = syn_ack_at_};
    if (b.options.window_scaling) p.peer_window_scale = syn.options.window_scale;
    if (p.timestamps) p.ts_recent = syn.options.timestamps->value;
    b.conn.emplace(b.options, b.limits, opening{iss, 77, mss}, p, now_);
    (void)b.conn->on_segment(std::move(s), now_);
}

inline void pair::deliver(const flying& f) {
    segment s;
    buffer bytes = buffer::copy_of({reinterpret_cast<const char*>(f.bytes.data()), f.bytes.size()});
    if (parse(std::move(bytes), s) != segment_fault::none) return;
    end& e = f.to_a ? a : b;
    if (e.conn)
        (void)e.conn->on_segment(std::move(s), now_);
    else if (!f.to_a)
        accept(s);
}

inline bool pair::run(time_point until) {
    for (;;) {
        work(a, true);
        work(b, false);
        time_point next = in_air_.empty() ? never : in_air_.begin()->first;
        if (a.conn) next = std::min(next, a.conn->next_timeout());
        if (b.conn) next = std::min(next, b.conn->next_timeout());
        if (next == never) return true;
        if (next > until) {
            now_ = until;
            return false;
        }
        now_ = std::max(now_, next);
        while (!in_air_.empty() && in_air_.begin()->first <= now_) {
            const flying f = std::move(in_air_.begin()->second);
            in_air_.erase(in_air_.begin());
            deliver(f);
        }
    }
}

// Bytes that differ everywhere, so that a misplaced one is seen.
inline std::string pattern(size_t n, uint64_t seed) {
    std::mt19937_64 r(seed);
    std::string s(n, '\0');
    for (size_t i = 0; i < n; ++i) s[i] = char(r());
    return s;
}

}  // namespace millrace::tcp::two_ends
