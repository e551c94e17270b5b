#include "apps/kv/report.hh"

#include "apps/kv/command.hh"
#include "core/app.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace millrace::kv {

shard_report report_of(const shard_state& s, const metric_registry& metrics) {
    return {.keys = s.keys.size(),
            .expiring = s.keys.expiring(),
            .bytes = s.keys.bytes(),
            .unfinished_bytes = s.unfinished.used(),
            .clients = s.clients().size(),
            .found = s.keys.counters(),
            .work = s.counters,
            .metrics = metrics.snapshot()};
}

namespace {

using shard_reports = std::span<const shard_report>;

// Lines "name:value" under "# Title".
class section {
 public:
    section(std::string& out, std::string_view title) : out_(out) {
        if (!out_.empty()) out_ += "\r\n";
        fmt::format_to(std::back_inserter(out_), "# {}\r\n", title);
    }
    template <typename T>
    section& line(std::string_view name, const T& value) {
        fmt::format_to(std::back_inserter(out_), "{}:{}\r\n", name, value);
        return *this;
    }

 private:
    std::string& out_;
};

template <typename Member>
uint64_t sum(shard_reports shards, Member member) {
    uint64_t total = 0;
    for (const auto& s : shards) total += member(s);
    return total;
}

void add_server(std::string& out, const process_facts& p, shard_reports shards) {
    section(out, "Server")
        .line("redis_version", "6.2.0")  // whose protocol and commands these are
        .line("redis_mode", "standalone")
        .line("millrace_version", version)
        .line("process_id", p.pid)
        .line("tcp_port", p.port)
        .line("uptime_in_seconds", std::chrono::duration_cast<std::chrono::seconds>(p.uptime).count())
        .line("shards", shards.size());
}

void add_clients(std::string& out, const process_facts& p, shard_reports shards) {
    section(out, "Clients")
        .line("connected_clients", sum(shards, [](auto& s) { return s.clients; }))
        .line("maxclients", p.max_clients);
}

void add_memory(std::string& out, const process_facts& p, shard_reports shards) {
    uint64_t used = sum(shards, [](auto& s) { return s.bytes; });
    section(out, "Memory")
        .line("used_memory", used)
        .line("used_memory_human", fmt::format("{:.2f}M", double(used) / (1 << 20)))
        .line("used_memory_rss", p.resident_bytes)
        .line("unfinished_commands_memory", sum(shards, [](auto& s) { return s.unfinished_bytes; }))
        .line("maxmemory", p.max_memory)
        .line("maxmemory_policy", "noeviction");
}

void add_stats(std::string& out, shard_reports shards) {
    section(out, "Stats")
        .line("total_connections_received", sum(shards, [](auto& s) { return s.work.connections; }))
        .line("total_commands_processed", sum(shards, [](auto& s) { return s.work.commands; }))
        .line("total_net_input_bytes", sum(shards, [](auto& s) { return s.work.bytes_in; }))
        .line("total_net_output_bytes", sum(shards, [](auto& s) { return s.work.bytes_out; }))
        .line("rejected_connections", sum(shards, [](auto& s) { return s.work.connections_refused; }))
        .line("expired_keys", sum(shards, [](auto& s) { return s.found.expired; }))
        .line("keyspace_hits", sum(shards, [](auto& s) { return s.found.hits; }))
        .line("keyspace_misses", sum(shards, [](auto& s) { return s.found.misses; }))
        .line("commands_refused_for_memory", sum(shards, [](auto& s) { return s.found.refused; }))
        .line("protocol_errors", sum(shards, [](auto& s) { return s.work.protocol_errors; }));
}

void add_keyspace(std::string& out, shard_reports shards) {
    uint64_t keys = sum(shards, [](auto& s) { return s.keys; });
    section lines(out, "Keyspace");
    if (keys == 0) return;
    lines.line("db0", fmt::format("keys={},expires={},avg_ttl=0", keys,
                                  sum(shards, [](auto& s) { return s.expiring; })));
}

// Every metric of every shard: "shard0.tcp_segments_in:5", labels in braces.
void add_millrace(std::string& out, shard_reports shards) {
    section lines(out, "Millrace");
    for (size_t i = 0; i < shards.size(); ++i) {
        for (const auto& m : shards[i].metrics) {
            std::string name = fmt::format("shard{}.{}", i, m.name);
            char separator = '{';
            for (const auto& [label, value] : m.labels) {
                name += fmt::format("{}{}={}", separator, label, value);
                separator = ',';
            }
            if (!m.labels.empty()) name += '}';
            lines.line(name, m.value);
        }
    }
}

}  // namespace

std::string info_text(std::span<const std::string_view> sections, const process_facts& process,
                      std::span<const shard_report> shards) {
    auto wanted = [&](std::string_view upper) {
        return sections.empty() || std::any_of(sections.begin(), sections.end(), [&](std::string_view s) {
                   return is_word(s, upper) || is_word(s, "ALL") || is_word(s, "DEFAULT") ||
                          is_word(s, "EVERYTHING");
               });
    };
    std::string out;
    if (wanted("SERVER")) add_server(out, process, shards);
    if (wanted("CLIENTS")) add_clients(out, process, shards);
    if (wanted("MEMORY")) add_memory(out, process, shards);
    if (wanted("STATS")) add_stats(out, shards);
    if (wanted("KEYSPACE")) add_keyspace(out, shards);
    if (wanted("MILLRACE")) add_millrace(out, shards);
    return out;
}

std::string client_lines(const shard_state& s, time_point now) {
    auto seconds_since = [now](time_point t) {
        return std::chrono::duration_cast<std::chrono::seconds>(now - t).count();
    };
    std::string out;
    for (const client* c : s.clients())
        fmt::format_to(std::back_inserter(out),
                       "id={} addr={} laddr={} name={} age={} idle={} db=0 omem={} cmd={} lib-name={} "
                       "lib-ver={} shard={}\n",
                       c->id, c->remote, c->local, c->name, seconds_since(c->connected),
                       seconds_since(c->last_command_at), c->unsent,
                       c->last_command ? c->last_command->name : "NULL", c->library, c->library_version,
                       s.shard);
    return out;
}

}  // namespace millrace::kv
