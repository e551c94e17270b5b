#include "tests/packet_script/flow.hh"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::packet_script {

namespace {

// Without the fields that are not there.
tcp::mark_counts as_written(tcp::mark_counts c) {
    if (!c.has_ect0()) c.ect0 = 0;
    if (!c.has_ce()) c.ce = 0;
    if (!c.has_ect1()) c.ect1 = 0;
    return c;
}

}  // namespace

tcp::outgoing flow::to_wire(const tcp_packet& p) const {
    tcp::outgoing o;
    o.seq = tcp::seq(p.first + peer_base);
    if (p.ack) o.ack = ours(*p.ack);
    o.flags = p.flags;
    o.wnd = p.window.value_or(0);
    o.options.mss = p.options.mss;
    o.options.window_scale = p.options.window_scale;
    o.options.sack_permitted = p.options.sack_permitted;
    if (const auto& t = p.options.timestamps)
        o.options.timestamps = tcp::timestamp_option{t->value, t->echo ? t->echo + our_time_.value_or(0) : 0};
    o.options.mark_counts = p.options.mark_counts;
    o.options.fast_open = p.options.fast_open;
    if (our_cookie_ && o.options.fast_open == our_cookie_->script) o.options.fast_open = our_cookie_->wire;
    for (const auto& [left, right] : p.options.sack) o.options.sack.push_back({ours(left), ours(right)});
    if (p.payload > 0) {
        buffer b = buffer::allocate(p.payload);
        std::fill_n(b.mutable_data(), p.payload, 'x');
        o.payload.push_back(std::move(b));
    }
    return o;
}

tcp_packet flow::to_script(const tcp::segment& s, uint8_t ecn, const tcp_packet* expected) {
    if (!our_base_ || s.flags.has(tcp::flags::syn))
        our_base_ = s.seq.value() - (expected ? expected->first : 0);
    tcp_packet p;
    p.flags = s.flags;
    p.first = s.seq.value() - *our_base_;
    p.payload = uint32_t(s.payload.size());
    p.last = p.first + p.payload;
    if (s.flags.has(tcp::flags::ack)) p.ack = s.ack.value() - peer_base;
    p.window = s.wnd;
    p.ecn = ecn;
    p.options.mss = s.options.mss;
    p.options.window_scale = s.options.window_scale;
    p.options.sack_permitted = s.options.sack_permitted;
    if (const auto& t = s.options.timestamps) {
        if (!our_time_) {
            const bool told = expected && expected->options.timestamps;
            our_time_ = t->value - (told ? expected->options.timestamps->value : 0);
        }
        p.options.timestamps = tcp::timestamp_option{t->value - *our_time_, t->echo};
    }
    if (s.options.mark_counts) p.options.mark_counts = as_written(*s.options.mark_counts);
    p.options.fast_open = s.options.fast_open;
    if (p.options.fast_open && p.flags.has(tcp::flags::ack)) {
        if (!our_cookie_ && expected && expected->options.fast_open)
            our_cookie_ = {*expected->options.fast_open, *p.options.fast_open};
        if (our_cookie_ && p.options.fast_open == our_cookie_->wire)
            p.options.fast_open = our_cookie_->script;
    }
    for (const auto& block : s.options.sack)
        p.options.sack.emplace_back(block.left.value() - peer_base, block.right.value() - peer_base);
    return p;
}

std::optional<std::string> difference(const tcp_packet& expected, const tcp_packet& sent, uint32_t ticks) {
    if (expected.flags.bits() != sent.flags.bits())
        return fmt::format("flags {} instead of {}", to_string(sent.flags), to_string(expected.flags));
    if (expected.first != sent.first || expected.last != sent.last)
        return fmt::format("bytes {}:{} instead of {}:{}", sent.first, sent.last, expected.first,
                           expected.last);
    if (expected.ack && expected.ack != sent.ack)
        return fmt::format("ack {} instead of {}", *sent.ack, *expected.ack);
    if (expected.window && expected.window != sent.window)
        return fmt::format("win {} instead of {}", *sent.window, *expected.window);
    if (expected.ecn && expected.ecn != sent.ecn)
        return fmt::format("ECN field {} instead of {}", *sent.ecn, *expected.ecn);
    if (expected.options.any) return std::nullopt;
    option_list wanted = expected.options, had = sent.options;
    if (wanted.timestamps && had.timestamps) {
        const uint32_t late = had.timestamps->value - wanted.timestamps->value;
        if (std::min(late, -late) <= ticks) had.timestamps->value = wanted.timestamps->value;
    }
    if (!(wanted == had)) return "other options";
    return std::nullopt;
}

}  // namespace millrace::packet_script
