#include "tcp/receive/mark_counters.hh"

#include <algorithm>

namespace millrace::tcp {

bool mark_counters::on_segment(net::ecn mark, uint32_t bytes, bool waits) noexcept {
    const bool marked = mark == net::ecn::congestion_experienced;
    marked_ += marked;
    const bool begins = marked && bytes > 0 && last_mark_ != mark;
    last_mark_ = mark;
    if (bytes > 0 && mark != net::ecn::not_capable) count(mark, bytes);
    const uint32_t enough = waits || bytes > 0 ? 2 : 3;
    return begins || (marked && marked_ - told_ >= enough);
}

// RFC 9768 §3.2.3.3: the option goes with the next two ACKs when another counter has moved than the last
// time, or that of marks.
void mark_counters::count(net::ecn mark, uint32_t bytes) noexcept {
    full_size_ = std::max(full_size_, bytes);
    untold_ += bytes;
    uint8_t which = ect0;
    if (mark == net::ecn::congestion_experienced) {
        which = ce;
        ce_ += bytes;
    } else if (mark == net::ecn::ect1) {
        which = ect1;
        ect1_ += bytes;
    } else {
        ect0_ += bytes;
    }
    ever_ |= which;
    changed_ |= which;
    if (which != last_ || which == ce)
        reports_due_ = 2;
    else if (untold_ >= segments_untold * full_size_)
        reports_due_ = std::max<uint8_t>(reports_due_, 1);
    last_ = which;
}

// The fields of an option that has all of `wanted`, in the one order or the other.
uint8_t mark_counters::fields_for(uint8_t wanted, bool ect1_first) noexcept {
    if (wanted & (ect1_first ? ect0 : ect1)) return 3;
    if (wanted & ce) return 2;
    return wanted ? 1 : 0;
}

mark_counts mark_counters::counts(uint8_t fields, bool ect1_first) const noexcept {
    constexpr uint32_t mask = (1 << 24) - 1;
    return {.fields = fields,
            .ect1_first = ect1_first,
            .ect0 = ect0_ & mask,
            .ce = ce_ & mask,
            .ect1 = ect1_ & mask};
}

void mark_counters::on_report() noexcept {
    changed_ = 0;
    untold_ = 0;
    if (reports_due_ > 0) --reports_due_;
}

std::optional<mark_counts> mark_counters::report(size_t room) noexcept {
    if (reports_due_ == 0) return std::nullopt;
    for (const uint8_t wanted : {ever_, changed_}) {
        const bool ect1_first = fields_for(wanted, true) < fields_for(wanted, false);
        const uint8_t fields = fields_for(wanted, ect1_first);
        if (mark_counts::bytes_of(fields) > room) continue;
        on_report();
        return counts(fields, ect1_first);
    }
    return std::nullopt;
}

mark_counts mark_counters::report_all() noexcept {
    on_report();
    return counts(mark_counts::all, false);
}

}  // namespace millrace::tcp
