#include "tcp/service/cost_table.hh"

#include "core/cost.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::tcp {
namespace {

bool is_busy(work_kind w) noexcept {
    return w != work_kind::idle && w != work_kind::sleep;
}

class cost_summary {
 public:
    explicit cost_summary(std::span<const metric_sample> metrics) : metrics_(metrics) {
        for (size_t i = 0; i < works; ++i) {
            cycles_[i] = sum("cost_cycles", to_string(work_kind(i)));
            all_ += cycles_[i];
            if (is_busy(work_kind(i))) busy_ += cycles_[i];
        }
    }

    double cycles(work_kind w) const noexcept { return cycles_[size_t(w)]; }
    double busy() const noexcept { return busy_; }
    double all() const noexcept { return all_; }

    // Of all shards; of one kind of work, where there are several.
    double sum(std::string_view name, std::string_view work = {}) const {
        double total = 0;
        for (const metric_sample& s : metrics_)
            if (s.name == name && (work.empty() || is_of(s, work))) total += s.value;
        return total;
    }
    double largest(std::string_view name) const {
        double most = 0;
        for (const metric_sample& s : metrics_)
            if (s.name == name) most = std::max(most, s.value);
        return most;
    }

 private:
    static bool is_of(const metric_sample& s, std::string_view work) {
        return std::any_of(s.labels.begin(), s.labels.end(),
                           [work](const auto& l) { return l.first == "work" && l.second == work; });
    }

    std::span<const metric_sample> metrics_;
    std::array<double, works> cycles_{};
    double busy_ = 0;
    double all_ = 0;
};

// "-" where there is nothing to divide by.
std::string ratio(double value, double by, std::string_view unit = "") {
    return by > 0 ? fmt::format("{:.1f}{}", value / by, unit) : "-";
}

std::string line(std::string_view name, double cycles, std::string_view share, std::string_view per_packet,
                 std::string_view per_segment) {
    return fmt::format("{:<12} {:>18.0f} {:>8} {:>14} {:>15}", name, cycles, share, per_packet, per_segment);
}

}  // namespace

std::string cost_table(std::span<const metric_sample> metrics, std::string_view prefix) {
    const cost_summary cost(metrics);
    const double packets = cost.sum("net_device_rx_packets");
    const double segments = cost.sum("tcp_segments_in");
    std::string text;
    const auto say = [&](std::string_view l) { text += fmt::format("{}{}\n", prefix, l); };
    const auto row = [&](std::string_view name, double cycles) {
        say(line(name, cycles, ratio(100 * cycles, cost.busy(), "%"), ratio(cycles, packets),
                 ratio(cycles, segments)));
    };

    say(fmt::format("{:<12} {:>18} {:>8} {:>14} {:>15}", "work", "cycles", "share", "per packet in",
                    "per segment in"));
    for (size_t i = 0; i < works; ++i)
        if (is_busy(work_kind(i))) row(to_string(work_kind(i)), cost.cycles(work_kind(i)));
    row("all work", cost.busy());
    const double idle = cost.cycles(work_kind::idle), asleep = cost.cycles(work_kind::sleep);
    say(fmt::format("of the time: {} work, {} looking on, {} asleep; {:.0f} MHz",
                    ratio(100 * cost.busy(), cost.all(), "%"), ratio(100 * idle, cost.all(), "%"),
                    ratio(100 * asleep, cost.all(), "%"), cost.largest("cost_cycles_per_second") / 1e6));
    say(fmt::format("{:.0f} packets in, {} a burst, {} bytes each; {} out per packet in", packets,
                    ratio(packets, cost.sum("net_device_rx_bursts")),
                    ratio(cost.sum("net_device_rx_bytes"), packets),
                    ratio(cost.sum("net_device_tx_packets"), packets)));
    say(fmt::format(
        "{:.0f} tasks, {:.0f} timers, {:.0f} allocations, {:.0f} sleeps, {:.0f} wake-ups of "
        "others, {:.0f} stalls",
        cost.sum("reactor_tasks"), cost.sum("reactor_timers_expired"), cost.sum("cost_heap_allocations"),
        cost.sum("reactor_sleeps"), cost.sum("mailbox_wakeups"), cost.sum("reactor_stalls")));
    return text;
}

}  // namespace millrace::tcp
