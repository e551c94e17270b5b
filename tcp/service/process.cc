#include "tcp/service/process.hh"

#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/sleep.hh"
#include "core/when_all.hh"
#include "core/when_any.hh"
#include "core/with_timeout.hh"
#include "net/kernel_network.hh"
#include "tcp/service/cost_table.hh"

#include <fmt/format.h>

#include <csignal>

namespace millrace::tcp {
namespace {

logger log("service");

// What background work gets to end in once its connections are gone.
constexpr duration last_words = std::chrono::milliseconds(250);

// Waits, but not for ever, and not for what comes of it.
future<bool> resolves_within(duration limit, future<> f) {
    future<> limited = with_timeout(limit, std::move(f));
    co_await settled(limited);
    const bool in_time = !limited.failed();
    limited.ignore_ready_future();
    co_return in_time;
}

// The same, and only until somebody asks to hurry.
future<bool> resolves_before(future<> f, duration limit, abort_source& hurry) {
    abort_source enough;
    auto end = [&enough]() noexcept { enough.request_abort(); };
    abort_callback hurried(hurry, end);
    auto first = co_await when_any(std::move(f), sleep_abortable(limit, enough));
    auto& [wanted, patience] = first.futures;
    enough.request_abort();
    co_await settled(patience);
    patience.ignore_ready_future();
    if (!wanted.available()) co_return false;
    const bool in_time = !wanted.failed();
    wanted.ignore_ready_future();
    co_return in_time;
}

}  // namespace

process::process(service& s, const service_options& o, const net::interface_config& config,
                 net::device* device, signal_source& signals, const std::array<uint64_t, 2>& secret)
    : service_(s),
      options_(o),
      config_(config),
      device_(device),
      signals_(signals),
      native_(native_settings_of(o)),
      steering_(o.shards),
      parts_(o.shards) {
    native_.secret = secret;
    native_.quiet_until_used = true;
}

// f(shard) on each of them at once, a value or a future; fails as the first of them did when all have ended.
template <typename F>
future<> process::on_every_shard(F f) {
    std::vector<future<>> done;
    for (unsigned s = 0; s < options_.shards; ++s) done.push_back(submit_to(s, [&f, s] { return f(s); }));
    co_await when_all_succeed(std::move(done));
}

void process::make_part(unsigned shard) {
    auto p = std::make_unique<part>(shard, options_.shards, listen_options_of(options_));
    if (!device_) {
        p->network = net::make_kernel_network();
    } else {
        auto network = std::make_unique<native_network>(reactor::current(), *device_, shard, config_, native_,
                                                        &steering_);
        p->native = network.get();
        p->network = std::move(network);
    }
    parts_[shard] = std::move(p);
}

void process::start_part(unsigned shard) {
    if (parts_[shard]->native) parts_[shard]->native->start();
}

void process::destroy_part(unsigned shard) noexcept {
    parts_[shard].reset();
}

future<> process::run() {
    signal_fd_.emplace(signals_.fd());
    std::optional<future<>> watching;
    bool started = false;
    try {
        co_await on_every_shard([this](unsigned s) { make_part(s); });
        watching = watch_signals();
        if (service_.start) co_await service_.start(parts_[0]->context);
        started = true;
        co_await serve();
    } catch (...) {
        failure_ = std::current_exception();
    }
    begin_stop();
    try {
        co_await on_every_shard(
            [this](unsigned s) { return parts_[s] ? drain(*parts_[s]) : make_ready_future<>(); });
        if (started && service_.stop) co_await service_.stop(parts_[0]->context);
    } catch (...) {
        if (!failure_) failure_ = std::current_exception();
    }
    if (options_.costs) co_await print_costs();
    co_await on_every_shard([this](unsigned s) { destroy_part(s); });
    signal_fd_.reset();
    if (watching) co_await std::move(*watching);
    if (failure_) std::rethrow_exception(failure_);
}

future<> process::serve() {
    std::vector<future<>> serving;
    for (unsigned s = 0; s < options_.shards; ++s) serving.push_back(serve_on(s));
    // Behind this every shard has listened, or failed to, and those that did neither take part in steering.
    co_await on_every_shard([this](unsigned s) { start_part(s); });
    if (!stopping_)
        log.info("{}: {} shard{} on {}", service_.name, options_.shards, options_.shards == 1 ? "" : "s",
                 parts_[0]->network->description());
    co_await when_all_succeed(std::move(serving));
    if (failure_) std::rethrow_exception(failure_);
}

// If one shard's part of the service fails, the others are of no use.
future<> process::serve_on(unsigned shard) {
    try {
        co_await submit_to(shard, [this, shard] {
            part& p = *parts_[shard];
            // A signal may come before the service: what it then listened on nobody would close.
            if (p.network_stopped) return make_ready_future<>();
            return service_.serve(*p.network, p.context);
        });
    } catch (...) {
        if (!failure_) failure_ = std::current_exception();
        begin_stop();
    }
}

void process::begin_stop() noexcept {
    if (std::exchange(stopping_, true)) return;
    stop_part(0);
    for (unsigned s = 1; s < options_.shards; ++s) post(s, [this, s]() noexcept { stop_part(s); });
}

void process::stop_part(unsigned shard) noexcept {
    if (!parts_[shard]) return;
    part& p = *parts_[shard];
    p.network_stopped = futurize_invoke([&p] { return p.network->stop(); });
    p.stop.request_abort();
}

// What begin_stop() posted has arrived before this.
future<> process::drain(part& p) {
    const bool closed =
        co_await resolves_before(std::move(*p.network_stopped), options_.drain_timeout, p.hurry);
    if (!closed) {
        log.info("connections are still open; they are reset");
        if (p.native)
            p.native->abort_connections();
        else
            p.network.reset();
    }
    (void)co_await resolves_within(last_words, background_done());
}

future<> process::watch_signals() {
    try {
        while (signal_fd_) {
            while (const int s = signals_.take()) co_await on_signal(s);
            if (signal_fd_) co_await signal_fd_->readable();
        }
    } catch (const std::system_error&) {
        // The descriptor is no longer watched: the process ends.
    }
}

future<> process::on_signal(int signal) {
    if (signal == SIGUSR1) return print_metrics();
    log.info("{}: {}", signal == SIGINT ? "SIGINT" : "SIGTERM",
             stopping_ ? "resetting what is still open" : "draining");
    if (stopping_) return on_every_shard([this](unsigned shard) { hurry_part(shard); });
    begin_stop();
    return make_ready_future<>();
}

void process::hurry_part(unsigned shard) noexcept {
    if (!parts_[shard]) return;
    part& p = *parts_[shard];
    if (p.network) p.network->abort_connections();
    p.hurry.request_abort();
}

future<std::vector<metric_sample>> process::metrics_of_all() {
    std::vector<metric_sample> all;
    for (unsigned s = 0; s < options_.shards; ++s)
        add_shard(all, co_await submit_to(s, [] { return reactor::current().metrics().snapshot(); }), s);
    co_return all;
}

future<> process::print_metrics() {
    const std::vector<metric_sample> all = co_await metrics_of_all();
    fmt::print(stderr, "{}{}", prometheus_text(all), cost_table(all, "# "));
}

future<> process::print_costs() {
    fmt::print(stderr, "{}", cost_table(co_await metrics_of_all()));
}

}  // namespace millrace::tcp
