#include "core/metrics.hh"

#include "core/check.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace millrace {

metric_registry::~metric_registry() {
    CHECK(groups_.empty());
}

std::vector<metric_sample> metric_registry::snapshot() const {
    std::vector<metric_sample> samples;
    for (const metric_group* g : groups_)
        for (const auto& e : g->entries_)
            samples.push_back({g->name_ + "_" + e.name, e.labels, e.help, e.type, g->value_of(e)});
    return samples;
}

double metric_registry::total(std::string_view name) const {
    double sum = 0;
    for (const metric_group* g : groups_) {
        std::string_view rest = name;
        if (!rest.starts_with(g->name_)) continue;
        rest.remove_prefix(g->name_.size());
        if (!rest.starts_with('_')) continue;
        rest.remove_prefix(1);
        for (const auto& e : g->entries_)
            if (e.name == rest) sum += g->value_of(e);
    }
    return sum;
}

metric_group::metric_group(metric_registry& registry, std::string_view name, metric_labels labels)
    : registry_(registry), name_(name), labels_(std::move(labels)) {
    registry_.groups_.push_back(this);
}

metric_group::~metric_group() {
    std::erase(registry_.groups_, this);
}

metric_group& metric_group::counter(std::string_view name, std::string_view help, const uint64_t& value) {
    return counter(name, help, value, {});
}

metric_group& metric_group::counter(std::string_view name, std::string_view help, const uint64_t& value,
                                    metric_labels more_labels) {
    add(name, help, metric_type::counter, std::move(more_labels)).value = &value;
    return *this;
}

metric_group& metric_group::gauge(std::string_view name, std::string_view help, const uint64_t& value) {
    add(name, help, metric_type::gauge).value = &value;
    return *this;
}

metric_group& metric_group::gauge(std::string_view name, std::string_view help, std::function<double()> read,
                                  metric_labels more_labels) {
    CHECK(read);
    add(name, help, metric_type::gauge, std::move(more_labels)).read = std::move(read);
    return *this;
}

metric_group::entry& metric_group::add(std::string_view name, std::string_view help, metric_type type,
                                       metric_labels more_labels) {
    entry& e = entries_.emplace_back(entry{std::string(name), std::string(help), type, labels_, nullptr, {}});
    e.labels.insert(e.labels.end(), std::make_move_iterator(more_labels.begin()),
                    std::make_move_iterator(more_labels.end()));
    return e;
}

void add_shard(std::vector<metric_sample>& all, std::vector<metric_sample> of_shard, unsigned shard) {
    all.reserve(all.size() + of_shard.size());
    for (auto& s : of_shard) {
        s.labels.emplace_back("shard", std::to_string(shard));
        all.push_back(std::move(s));
    }
}

namespace {

// Label values escape backslash, quote and newline; help texts all but the quote.
std::string escaped(std::string_view text, bool quote) {
    std::string out;
    for (char c : text) {
        if (c == '\\' || (quote && c == '"')) out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

void append_line(std::string& out, std::string_view name, const metric_sample& s) {
    out += name;
    char separator = '{';
    for (const auto& [label, value] : s.labels) {
        fmt::format_to(std::back_inserter(out), "{}{}=\"{}\"", separator, label, escaped(value, true));
        separator = ',';
    }
    if (!s.labels.empty()) out += '}';
    bool whole = s.value >= -9e15 && s.value <= 9e15 && s.value == double(int64_t(s.value));
    if (whole)
        fmt::format_to(std::back_inserter(out), " {}\n", int64_t(s.value));
    else
        fmt::format_to(std::back_inserter(out), " {}\n", s.value);
}

}  // namespace

std::string prometheus_text(std::span<const metric_sample> samples) {
    // The format wants the lines of one name together: of all shards, of all labels.
    std::vector<const metric_sample*> order;
    for (const auto& s : samples) order.push_back(&s);
    std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->name < b->name; });
    std::string out, name;
    const metric_sample* previous = nullptr;
    for (const metric_sample* s : order) {
        bool is_counter = s->type == metric_type::counter;
        if (!previous || previous->name != s->name) {
            name = fmt::format("millrace_{}{}", s->name, is_counter ? "_total" : "");
            fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name,
                           escaped(s->help, false), name, is_counter ? "counter" : "gauge");
        }
        append_line(out, name, *s);
        previous = s;
    }
    return out;
}

}  // namespace millrace
