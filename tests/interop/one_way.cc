#include "tests/interop/one_way.hh"

#include <utility>

namespace millrace::interop {

namespace {

enum class kind { ipv4, arp, other };

kind kind_of(std::span<const std::byte> frame) noexcept {
    constexpr size_t ethertype = 12;
    if (frame.size() < ethertype + 2) return kind::other;
    switch (unsigned(frame[ethertype]) << 8 | unsigned(frame[ethertype + 1])) {
        case 0x0800:
            return kind::ipv4;
        case 0x0806:
            return kind::arp;
        default:
            return kind::other;
    }
}

}  // namespace

one_way::one_way(uint64_t seed, const net::wire_options& options, size_t most_held)
    : impairment_(seed), most_held_(most_held) {
    impairment_.set(options);
}

void one_way::put(time_point now, std::span<const std::byte> bytes) {
    switch (kind_of(bytes)) {
        case kind::other:
            ++ignored_;
            return;
        case kind::arp:
            return hold(now + impairment_.options().delay, frame(bytes.begin(), bytes.end()));
        case kind::ipv4:
            break;
    }
    const net::impairment::fate f = impairment_.decide(now, bytes.size());
    for (unsigned i = 0; i < f.copies; ++i) {
        frame copy(bytes.begin(), bytes.end());
        if (f.corrupted) copy[f.flipped_bit / 8] ^= std::byte(1 << f.flipped_bit % 8);
        hold(f.arrival[i], std::move(copy));
    }
}

frame one_way::take() {
    frame first = std::move(held_.begin()->second);
    held_.erase(held_.begin());
    ++impairment_.counters().arrived;
    return first;
}

void one_way::hold(time_point arrival, frame bytes) {
    if (held_.size() >= most_held_)
        ++overloaded_;
    else
        held_.emplace(arrival, std::move(bytes));
}

}  // namespace millrace::interop
