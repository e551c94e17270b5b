// Segments as a packet conversation writes them: with numbers that begin at zero on both sides.
#pragma once

#include "tcp/segment/segment.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::tcp::script {

// What is not said is filled in when the peer sends it, and not compared when it is expected, unless the
// conversation knows what it must be.
class scripted {
 public:
    explicit scripted(tcp::flags f) : flags_(f) {}

    // Relative to the sender's initial sequence number.
    scripted& seq(uint32_t n) { return seq_ = n, *this; }
    // Relative to the receiver's; sets ACK.
    scripted& ack(uint32_t n) { return flags_ |= tcp::flags::ack, ack_ = n, *this; }
    // As on the wire.
    scripted& wnd(uint16_t n) { return wnd_ = n, *this; }
    scripted& mss(uint16_t n) { return options_.mss = n, *this; }
    scripted& wscale(uint8_t n) { return options_.window_scale = n, *this; }
    scripted& sack_ok() { return options_.sack_permitted = true, *this; }
    // Our values count milliseconds since the conversation began; the peer's are as said.
    scripted& ts(uint32_t value, uint32_t echo);
    scripted& no_ts() { return without_ts_ = true, *this; }
    // Relative to the sender of the data; in the order of the wire.
    scripted& sack(uint32_t left, uint32_t right) { return sack_.emplace_back(left, right), *this; }
    scripted& payload(std::string_view text) { return payload_ = text, *this; }
    // `n` bytes of text.
    scripted& bytes(size_t n) { return payload_.assign(n, 'x'), *this; }
    scripted& with(tcp::flags f) { return flags_ |= f, *this; }
    // Sent by the peer: these bytes in place of its options, filled up with zeros to a multiple of four.
    scripted& raw_options(std::vector<uint8_t> bytes) { return raw_options_ = std::move(bytes), *this; }
    // What its IP header says; that it is marked CE.
    scripted& mark(net::ecn m) { return mark_ = m, *this; }
    scripted& ce() { return mark(net::ecn::congestion_experienced); }
    scripted& ect0() { return mark(net::ecn::ect0); }
    // RFC 9768 §3.2.2: AE, CWR and ECE as a number.
    scripted& ace(uint8_t n) { return says_ace_ = true, with(tcp::flags::of_ace(n)); }
    // The counters of RFC 9768 §3.2.3; or that there are none.
    scripted& counts(mark_counts c) { return options_.mark_counts = c, *this; }
    scripted& no_counts() { return without_counts_ = true, *this; }
    // Expected of us: whether the IP header says ECT(0).
    scripted& ect(bool on = true) { return ect_ = on, *this; }
    // PSH is compared only if said so.
    scripted& push(bool on = true) { return push_ = on, on ? with(tcp::flags::psh) : *this; }

 private:
    friend class conversation;

    tcp::flags flags_;
    std::optional<uint32_t> seq_;
    std::optional<uint32_t> ack_;
    std::optional<uint16_t> wnd_;
    std::optional<bool> push_;
    tcp::options options_;  // but SACK blocks, which are relative
    std::vector<std::pair<uint32_t, uint32_t>> sack_;
    std::string payload_;
    std::vector<uint8_t> raw_options_;
    std::optional<bool> ect_;
    bool without_ts_ = false;
    bool without_counts_ = false;
    bool says_ace_ = false;
    net::ecn mark_ = net::ecn::not_capable;
};

// In the usual order: EE0B, ECEB, EE1B.
inline mark_counts counts(uint32_t ect0) {
    return {.fields = 1, .ect0 = ect0};
}
inline mark_counts counts(uint32_t ect0, uint32_t ce) {
    return {.fields = 2, .ect0 = ect0, .ce = ce};
}
inline mark_counts counts(uint32_t ect0, uint32_t ce, uint32_t ect1) {
    return {.fields = 3, .ect0 = ect0, .ce = ce, .ect1 = ect1};
}

inline scripted& scripted::ts(uint32_t value, uint32_t echo) {
    options_.timestamps = timestamp_option{value, echo};
    return *this;
}

inline scripted syn() {
    return scripted(flags::syn);
}
inline scripted syn_ack() {
    return scripted(flags::syn | flags::ack);
}
inline scripted ack() {
    return scripted(flags::ack);
}
inline scripted ack(uint32_t n) {
    return ack().ack(n);
}
inline scripted data(std::string_view text) {
    return ack().payload(text);
}
inline scripted data(size_t bytes) {
    return ack().bytes(bytes);
}
inline scripted fin() {
    return scripted(flags::fin | flags::ack);
}
inline scripted rst() {
    return scripted(flags::rst);
}
inline scripted rst_ack() {
    return scripted(flags::rst | flags::ack);
}

}  // namespace millrace::tcp::script
