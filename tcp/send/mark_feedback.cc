#include "tcp/send/mark_feedback.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {
namespace {

constexpr uint32_t counter_mask = (1 << 24) - 1;
// An ACK acknowledges so many segments on average: then that it does says nothing of ACKs that were lost.
constexpr uint32_t many_segments = 4 * 16;

}  // namespace

bool mark_feedback::on_handshake(flags ace) noexcept {
    if (ace.ace() == 0) sound_ = heard_ = false;
    const std::optional<net::ecn> mark = handshake_mark(ace);
    if (!mark) return false;
    if (*mark != net::ecn::not_capable) sound_ = false;  // RFC 9768 §3.2.2.3
    if (*mark != net::ecn::congestion_experienced) return false;
    ++marked_;
    return true;
}

// RFC 9768 §3.2.3.2.4.
void mark_feedback::on_first_counts(const std::optional<mark_counts>& counts) noexcept {
    tested_ = true;
    if (!counts) return;
    counts_seen_ = true;
    ignores_counts_ = (counts->has_ect0() && counts->ect0 == 0) || (counts->has_ect1() && counts->ect1 == 0);
}

mark_feedback::marks mark_feedback::on_ack(const ack& a) noexcept {
    // RFC 9768 §3.2.2.4: who counts begins with 5.
    if (first_ && a.ace == 0) sound_ = heard_ = false;
    first_ = false;
    if (!tested_) on_first_counts(a.counts);
    if (!heard_) return {};
    const std::optional<uint32_t> bytes = take_counts(a.counts);
    const uint32_t segments = likely_marks(a, (a.ace - marked_) % ace_cycle, bytes);
    if (a.segments > 0) average_ += a.segments - average_ / 16;
    marked_ += segments;
    look_for_spoilt_counters(a, segments, bytes);
    if (!bytes) {  // RFC 9768 §A.3
        const uint32_t estimate = std::min(segments * a.smss, a.bytes);
        estimated_ += estimate;
        return {segments, estimate};
    }
    const uint32_t told = std::exchange(estimated_, 0);
    return {segments, *bytes > told ? *bytes - told : 0};
}

// Bytes that were marked since the last option, if this one tells. RFC 9768 §3.2.3.1.
std::optional<uint32_t> mark_feedback::take_counts(const std::optional<mark_counts>& c) noexcept {
    if (!c || ignores_counts_) return std::nullopt;
    counts_seen_ = true;
    if (!c->has_ce()) return std::nullopt;
    const uint32_t bytes = (c->ce - ce_) & counter_mask;
    ce_ += bytes;
    return bytes;
}

// `least` marks, or eight more, or sixteen: RFC 9768 §3.2.2.5.2, by the algorithms of §A.2.
uint32_t mark_feedback::likely_marks(const ack& a, uint32_t least,
                                     std::optional<uint32_t> bytes) const noexcept {
    if (a.segments < least + ace_cycle) return least;
    const uint32_t most = a.segments - (a.segments - least) % ace_cycle;
    if (!bytes) {
        const bool likely = !has_counts() && average_ < many_segments;
        return likely ? most : least;
    }
    const bool least_suffices = *bytes <= uint64_t(a.smss) * least;
    const bool most_are_tiny = uint64_t(2) * *bytes < uint64_t(a.smss) * most;
    return least_suffices && most_are_tiny ? least : most;
}

// RFC 9768 §3.2.3.2.5: bytes were marked, but no segment, and there were too few of them for the ACE field to
// go round.
void mark_feedback::look_for_spoilt_counters(const ack& a, uint32_t segments,
                                             std::optional<uint32_t> bytes) noexcept {
    certain_ &= a.counted;
    since_counts_ += a.segments;
    marks_since_counts_ += segments;
    if (!bytes) return;
    if (*bytes > 0 && marks_since_counts_ == 0 && certain_ && since_counts_ < ace_cycle - 1) sound_ = false;
    since_counts_ = marks_since_counts_ = 0;
    certain_ = true;
}

}  // namespace millrace::tcp
