// One of the congestion control algorithms: told of events, answers the window and the pace. RFC 5681.
#pragma once

#include "tcp/congestion/reno.hh"

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace millrace::tcp {

// An algorithm is one file pair and one name here and in the variant below.
enum class congestion_algorithm : uint8_t { reno };

std::string_view to_string(congestion_algorithm a) noexcept;
// By the name of to_string().
std::optional<congestion_algorithm> parse_congestion_algorithm(std::string_view name) noexcept;

class congestion_control {
 public:
    // `smss`: the largest payload that we send. `initial_cwnd` in bytes.
    congestion_control(congestion_algorithm a, uint32_t smss, uint32_t initial_cwnd) noexcept;

    // `acked` bytes of new data were acknowledged outside of recovery; `cwnd_limited`: the flight before this
    // ACK filled the window.
    void on_ack(uint32_t acked, bool cwnd_limited) noexcept {
        std::visit([&](auto& a) { a.on_ack(acked, cwnd_limited); }, algorithm_);
    }
    // Recovery begins, with `flight` bytes in flight.
    void on_loss(uint32_t flight) noexcept;
    // Recovery is over, with `flight` bytes in flight.
    void on_recovery_exit(uint32_t flight) noexcept;
    // The retransmission timer struck; `first` of a row without progress.
    void on_timeout(uint32_t flight, bool first) noexcept;
    // Sending starts again after more than one RTO of silence.
    void on_idle() noexcept;
    void set_smss(uint32_t smss) noexcept;

    // Bytes that may be in the network at once.
    uint32_t cwnd() const noexcept {
        return std::visit([](const auto& a) { return a.cwnd(); }, algorithm_);
    }
    uint32_t ssthresh() const noexcept {
        return std::visit([](const auto& a) { return a.ssthresh(); }, algorithm_);
    }
    bool in_slow_start() const noexcept { return cwnd() < ssthresh(); }
    congestion_algorithm algorithm() const noexcept {
        return static_cast<congestion_algorithm>(algorithm_.index());
    }

 private:
    std::variant<reno> algorithm_;
};

}  // namespace millrace::tcp
