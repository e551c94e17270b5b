#include "apps/kv/server.hh"

#include "apps/kv/session.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/reactor.hh"
#include "core/shard.hh"

#include <cstdio>
#include <unistd.h>
#include <utility>

namespace millrace::kv {

namespace {

logger log("kv");

constexpr size_t most_idle_workspaces = 16;

// From the kernel's count of pages; 0 where it cannot be read.
uint64_t resident_bytes() {
    unsigned long long total = 0, resident = 0;
    if (std::unique_ptr<FILE, int (*)(FILE*)> f(std::fopen("/proc/self/statm", "r"), std::fclose);
        !f || std::fscanf(f.get(), "%llu %llu", &total, &resident) != 2)
        return 0;
    return resident * uint64_t(sysconf(_SC_PAGESIZE));
}

}  // namespace

server::server(const settings& s, const hash_seed& seed, sharded<server>& all)
    : state_(s, this_shard(), shard_count(), seed),
      all_(all),
      started_(reactor::current().now()),
      shared_(std::make_unique<workspace>(state_.shards)),
      metrics_(reactor::current().metrics(), "kv") {
    register_metrics();
}

void server::register_metrics() {
    const auto& work = state_.counters;
    const auto& found = state_.keys.counters();
    metrics_.counter("commands", "commands executed", work.commands)
        .counter("remote_pieces", "commands, or parts of them, sent to the shard of their key", work.remote)
        .counter("batches", "messages to other shards that carried these", work.batches)
        .counter("reads", "reads from connections that brought something", work.reads)
        .counter("bytes_in", "bytes of requests", work.bytes_in)
        .counter("bytes_out", "bytes of replies", work.bytes_out)
        .counter("connections", "connections accepted", work.connections)
        .counter("connections_refused", "connections beyond max-clients", work.connections_refused)
        .counter("connections_lost", "connections that were reset or timed out", work.connections_lost)
        .counter("connections_cut_off", "connections reset because of the replies that they did not take",
                 state_.unsent.cut_off())
        .counter("failures", "connections ended for want of memory or by a fault here", work.failures)
        .counter("protocol_errors", "connections closed for what they sent", work.protocol_errors)
        .counter("unknown_commands", "commands that there are not", work.unknown_commands)
        .counter("hits", "look-ups that found their key", found.hits)
        .counter("misses", "look-ups that did not", found.misses)
        .counter("expired", "keys removed because their time had come", found.expired)
        .counter("swept", "of these, those that nobody had asked for", found.swept)
        .counter("memory_refused", "commands refused for lack of memory", found.refused)
        .gauge("keys", "keys held", [this] { return double(state_.keys.size()); })
        .gauge("memory_bytes", "memory of keys, values and tables",
               [this] { return double(state_.keys.bytes()); })
        .gauge("unfinished_bytes", "memory of commands not yet complete", state_.unfinished.used())
        .gauge("unsent_bytes", "memory of replies that clients have not taken", state_.unsent.bytes())
        .gauge("clients", "connections open", [this] { return double(state_.clients().size()); });
}

future<> server::serve(net::network& network, net::listen_options where) {
    net::listener listener = network.listen(where);
    while (auto connection = co_await listener.accept()) {
        if (sessions_.is_closed()) break;
        background(answer(std::move(*connection)));
    }
}

future<> server::answer(net::stream connection) {
    auto inside = sessions_.hold();
    session s(*this, std::move(connection));
    co_await s.run();
}

std::unique_ptr<workspace> server::take_workspace() {
    std::unique_ptr<workspace> next;
    if (idle_workspaces_.empty()) {
        next = std::make_unique<workspace>(state_.shards);
    } else {
        next = std::move(idle_workspaces_.back());
        idle_workspaces_.pop_back();
    }
    return std::exchange(shared_, std::move(next));
}

void server::give_back(std::unique_ptr<workspace> w) {
    if (idle_workspaces_.size() < most_idle_workspaces) idle_workspaces_.push_back(std::move(w));
}

void server::run(delivery& d) {
    d.run_at(state_, reactor::current().now());
    watch_expiry();
}

shard_report server::report() const {
    return report_of(state_, reactor::current().metrics());
}

process_facts server::facts(uint16_t port) const {
    return {.pid = uint64_t(getpid()),
            .port = port,
            .uptime = reactor::current().now() - started_,
            .max_memory = state_.config.max_memory,
            .max_clients = state_.config.max_clients,
            .resident_bytes = resident_bytes()};
}

void server::sweep_timer::on_expire() noexcept {
    shard_state& s = server_.state_;
    size_t removed = s.keys.sweep(reactor::current().now(), s.config.sweep_slots);
    // Much was found: much more is likely to be there.
    bool soon = removed > s.config.sweep_slots / 4;
    if (s.keys.expiring() != 0) arm_after(soon ? s.config.sweep_interval / 10 : s.config.sweep_interval);
}

}  // namespace millrace::kv
