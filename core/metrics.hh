// Counters and gauges of one shard: declared once with their meaning, read only when somebody asks.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {

// A counter only grows; a gauge goes up and down.
enum class metric_type : uint8_t { counter, gauge };

using metric_labels = std::vector<std::pair<std::string, std::string>>;

// One metric as it stood when the snapshot was taken. Owns what it holds, so it may travel to another shard.
struct metric_sample {
    std::string name;  // group and name: "tcp_segments_in"
    metric_labels labels;
    std::string help;
    metric_type type = metric_type::counter;
    double value = 0;
};

class metric_group;

// The metrics of one shard; its reactor owns it. Holds references only: counting costs an addition to a plain
// integer of the owner's.
class metric_registry {
 public:
    metric_registry() = default;
    metric_registry(const metric_registry&) = delete;
    metric_registry& operator=(const metric_registry&) = delete;
    ~metric_registry();

    // Every metric, in the order in which groups and metrics were added.
    std::vector<metric_sample> snapshot() const;

    // The sum of all metrics of this name, whatever their labels; 0 if there is none.
    double total(std::string_view name) const;

 private:
    friend class metric_group;
    std::vector<metric_group*> groups_;
};

// The metrics of one part of the program, gone from the registry when it is. The integers and the things that
// callables refer to must outlive it: declare it after them.
class metric_group {
 public:
    metric_group(metric_registry& registry, std::string_view name, metric_labels labels = {});
    metric_group(const metric_group&) = delete;
    metric_group& operator=(const metric_group&) = delete;
    ~metric_group();

    metric_group& counter(std::string_view name, std::string_view help, const uint64_t& value);
    metric_group& counter(std::string_view name, std::string_view help, const uint64_t& value,
                          metric_labels more_labels);
    metric_group& gauge(std::string_view name, std::string_view help, const uint64_t& value);
    metric_group& gauge(std::string_view name, std::string_view help, std::function<double()> read,
                        metric_labels more_labels = {});
    // A temporary cannot be counted.
    void counter(std::string_view, std::string_view, uint64_t&&) = delete;
    void gauge(std::string_view, std::string_view, uint64_t&&) = delete;

 private:
    friend class metric_registry;
    struct entry {
        std::string name;
        std::string help;
        metric_type type;
        metric_labels labels;
        const uint64_t* value;         // or null, and then
        std::function<double()> read;  // this tells it
    };
    double value_of(const entry& e) const { return e.value ? double(*e.value) : e.read(); }
    entry& add(std::string_view name, std::string_view help, metric_type type,
               metric_labels more_labels = {});

    metric_registry& registry_;
    std::string name_;
    metric_labels labels_;
    std::deque<entry> entries_;
};

// Adds one shard's snapshot to those of others, each sample marked with the label shard="N".
void add_shard(std::vector<metric_sample>& all, std::vector<metric_sample> of_shard, unsigned shard);

// The Prometheus text format 0.0.4: names get the prefix "millrace_", counters the suffix "_total".
std::string prometheus_text(std::span<const metric_sample> samples);

}  // namespace millrace
