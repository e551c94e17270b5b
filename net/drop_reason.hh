// Why a packet was dropped: every refusal has a name, a counter, and a line in the metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::net {

enum class drop_reason : uint8_t {
    // Link
    frame_truncated,
    frame_not_for_us,
    frame_bad_source,
    frame_tagged,
    ethertype_unknown,
    // ARP
    arp_malformed,
    arp_bad_sender,
    // IPv4
    ip_truncated,
    ip_bad_version,
    ip_bad_header_length,
    ip_bad_length,
    ip_bad_checksum,
    ip_bad_options,
    ip_bad_source,
    ip_not_for_us,
    protocol_unknown,
    // Fragments
    fragment_malformed,
    fragment_overlap,
    fragment_ecn_mixed,
    fragment_limit,
    fragment_timeout,
    // Behind the IP header
    l4_truncated,
    l4_bad_checksum,
    tcp_not_attached,
    not_to_one_host,
    udp_bad_length,
    udp_no_socket,
    udp_queue_full,
    icmp_malformed,
    icmp_bad_checksum,
    icmp_type_unknown,
    icmp_error_unmatched,
    icmp_rate_limited,
    // Between shards
    steering_full,
    // On the way out
    no_buffer,
    no_route,
    too_long,
    transmit_queue_full,
    neighbour_queue_full,
    neighbour_unreachable,
};

inline constexpr size_t drop_reason_count = size_t(drop_reason::neighbour_unreachable) + 1;

// "ip_bad_checksum"
std::string_view name_of(drop_reason reason) noexcept;
// One clause for operators: "IPv4 header checksum wrong".
std::string_view help_of(drop_reason reason) noexcept;

class drop_counters {
 public:
    void count(drop_reason reason, uint64_t packets = 1) noexcept { counts_[size_t(reason)] += packets; }
    const uint64_t& operator[](drop_reason reason) const noexcept { return counts_[size_t(reason)]; }
    uint64_t total() const noexcept {
        uint64_t sum = 0;
        for (uint64_t n : counts_) sum += n;
        return sum;
    }

 private:
    std::array<uint64_t, drop_reason_count> counts_{};
};

}  // namespace millrace::net
