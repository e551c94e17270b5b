#include "tcp/listen/syn_cookies.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <iterator>

namespace millrace::tcp {
namespace {

constexpr duration minute = std::chrono::minutes(1);
constexpr uint32_t seal_bits = 24;
constexpr uint32_t seal_mask = (1u << seal_bits) - 1;
constexpr uint32_t class_bits = 3;
constexpr uint32_t class_shift = seal_bits - class_bits;

// A peer's MSS is taken for the largest of these that it reaches: the least there is, the default, what fits
// IPv6's least MTU, tunnels, PPPoE with timestamps, PPPoE, Ethernet, jumbo frames.
constexpr uint16_t mss_classes[] = {88, 536, 1220, 1360, 1400, 1440, 1460, 8960};
static_assert(std::size(mss_classes) == 1u << class_bits);

// The bits of a timestamp.
constexpr uint32_t no_scale = 15;
constexpr uint32_t sack_bit = 16;
constexpr uint32_t ecn_bit = 32;
constexpr uint32_t options_mask = 63;
constexpr uint32_t oldest_echo_ms = 2 * 60'000 + options_mask;

uint64_t minute_of(time_point t) noexcept {
    return uint64_t(t.time_since_epoch() / minute);
}

uint32_t class_of(uint16_t mss) noexcept {
    const auto above = std::upper_bound(std::begin(mss_classes), std::end(mss_classes), mss);
    return above == std::begin(mss_classes) ? 0 : uint32_t(above - std::begin(mss_classes)) - 1;
}

// What timestamp_with_options() has put there. False if the echo is of no SYN-ACK that a cookie could have
// been in.
bool read_options(uint32_t echo, uint32_t clock, const passive_offer& offer, half_open& into) noexcept {
    if (clock - echo > oldest_echo_ms) return false;
    const uint32_t scale = echo & 15;
    if (scale != no_scale && offer.scale_windows) {
        into.peer_window_scale = std::min<uint8_t>(uint8_t(scale), options::max_window_scale);
        into.window_scale = offer.window_scale;
    }
    into.sack = offer.sack && (echo & sack_bit);
    if (offer.ecn && (echo & ecn_bit)) into.ecn = ecn_feedback::classic;
    return true;
}

// RFC 9768 §5.1: an ACK of a SYN-ACK that has agreed on accurate feedback says with which mark that came; if
// it was lost, what follows has a counter that began with 5. Others say neither.
bool is_of_accurate_ecn(const segment& s) noexcept {
    return s.payload.empty() ? s.flags.ace() > 1 : s.flags.has(flags::ae);
}

}  // namespace

syn_cookies::syn_cookies(const siphash_key& secret) noexcept : secret_(secret) {}

uint32_t syn_cookies::mask(const packed_tuple& flow) const noexcept {
    return uint32_t(siphash({secret_[0], ~secret_[1]}, flow.bytes));
}

uint32_t syn_cookies::seal(const packed_tuple& flow, seq irs, uint64_t when) const noexcept {
    std::array<uint8_t, sizeof flow.bytes + 4 + 8> all;
    const uint32_t number = irs.value();
    std::memcpy(all.data(), flow.bytes.data(), sizeof flow.bytes);
    std::memcpy(all.data() + sizeof flow.bytes, &number, 4);
    std::memcpy(all.data() + sizeof flow.bytes + 4, &when, 8);
    return uint32_t(siphash(secret_, all));
}

void syn_cookies::bake(half_open& h, time_point now) noexcept {
    const packed_tuple flow(h.flow);
    const uint64_t when = minute_of(now);
    const uint32_t mss = class_of(h.peer_mss);
    const uint32_t sealed = (seal(flow, h.irs, when) + (mss << class_shift)) & seal_mask;
    h.iss = seq(mask(flow) + h.irs.value() + (uint32_t(when) << seal_bits) + sealed);
    h.peer_mss = mss_classes[mss];
    if (!h.timestamps) {
        h.peer_window_scale.reset();
        h.sack = false;
        if (h.ecn == ecn_feedback::classic) h.ecn = ecn_feedback::none;
    }
    good_until_ = now + 2 * minute;
}

// The class of a cookie that is good; none if it is not.
std::optional<uint16_t> syn_cookies::peer_mss(const packed_tuple& flow, seq irs, seq cookie,
                                              time_point now) const noexcept {
    const uint32_t bare = cookie.value() - mask(flow) - irs.value();
    const uint64_t current = minute_of(now);
    for (const uint64_t when : {current, current - 1}) {
        if (bare >> seal_bits != (uint32_t(when) & (UINT32_MAX >> seal_bits))) continue;
        const uint32_t rest = (bare - seal(flow, irs, when)) & seal_mask;
        if (rest % (1u << class_shift) == 0) return mss_classes[rest >> class_shift];
    }
    return std::nullopt;
}

std::optional<half_open> syn_cookies::read(const four_tuple& flow, const segment& s,
                                           const passive_offer& offer, uint32_t clock, uint32_t offset,
                                           time_point now) const noexcept {
    half_open h;
    h.flow = flow;
    h.iss = s.ack - 1;
    h.irs = s.seq - 1;
    const auto mss = peer_mss(packed_tuple(flow), h.irs, h.iss, now);
    if (!mss) return std::nullopt;
    h.mss = offer.mss;
    h.wnd = offer.wnd;
    h.peer_mss = std::max(*mss, offer.min_mss);
    h.peer_wnd = s.wnd;
    if (offer.timestamps && s.options.timestamps) {
        h.timestamps = true;
        h.ts_recent = s.options.timestamps->value;
        if (!read_options(s.options.timestamps->echo - offset, clock, offer, h)) return std::nullopt;
    }
    if (offer.ecn && h.ecn == ecn_feedback::none && is_of_accurate_ecn(s)) h.ecn = ecn_feedback::accurate;
    h.ect = h.ecn != ecn_feedback::none;
    return h;
}

uint32_t timestamp_with_options(const half_open& h, uint32_t clock) noexcept {
    const uint32_t bits = h.peer_window_scale.value_or(no_scale) | (h.sack ? sack_bit : 0) |
                          (h.ecn == ecn_feedback::classic ? ecn_bit : 0);
    const uint32_t t = (clock & ~options_mask) | bits;
    return t > clock ? t - (options_mask + 1) : t;
}

}  // namespace millrace::tcp
