#include "tcp/congestion/congestion_control.hh"

namespace millrace::tcp {
namespace {

std::variant<reno> make(congestion_algorithm a, uint32_t smss, uint32_t initial_cwnd) noexcept {
    switch (a) {
        case congestion_algorithm::reno:
            return reno(smss, initial_cwnd);
    }
    __builtin_unreachable();
}

}  // namespace

std::string_view to_string(congestion_algorithm a) noexcept {
    switch (a) {
        case congestion_algorithm::reno:
            return "reno";
    }
    __builtin_unreachable();
}

std::optional<congestion_algorithm> parse_congestion_algorithm(std::string_view name) noexcept {
    for (auto a : {congestion_algorithm::reno})
        if (name == to_string(a)) return a;
    return std::nullopt;
}

congestion_control::congestion_control(congestion_algorithm a, uint32_t smss, uint32_t initial_cwnd) noexcept
    : algorithm_(make(a, smss, initial_cwnd)) {}

void congestion_control::on_loss(uint32_t flight) noexcept {
    std::visit([&](auto& a) { a.on_loss(flight); }, algorithm_);
}

void congestion_control::on_recovery_exit(uint32_t flight) noexcept {
    std::visit([&](auto& a) { a.on_recovery_exit(flight); }, algorithm_);
}

void congestion_control::on_timeout(uint32_t flight, bool first) noexcept {
    std::visit([&](auto& a) { a.on_timeout(flight, first); }, algorithm_);
}

void congestion_control::on_idle() noexcept {
    std::visit([](auto& a) { a.on_idle(); }, algorithm_);
}

void congestion_control::set_smss(uint32_t smss) noexcept {
    std::visit([&](auto& a) { a.set_smss(smss); }, algorithm_);
}

}  // namespace millrace::tcp
