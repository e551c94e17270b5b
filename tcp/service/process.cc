#include "tcp/service/process.hh"

#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/metrics.hh"
#include "core/when_all.hh"
#include "core/with_timeout.hh"
#include "net/kernel_network.hh"

#include <fmt/format.h>

#include <csignal>
#include <random>

namespace millrace::tcp {
namespace {

logger log("service");

// What background work gets to end in once its connections are gone.
constexpr duration last_words = std::chrono::milliseconds(250);

std::array<uint64_t, 2> draw_secret() {
    std::random_device source;
    const auto word = [&] { return uint64_t(source()) << 32 | source(); };
    return {word(), word()};
}

// Waits, but not for ever, and not for what comes of it.
future<bool> resolves_within(duration limit, future<> f) {
    future<> limited = with_timeout(limit, std::move(f));
    co_await settled(limited);
    const bool in_time = !limited.failed();
    limited.ignore_ready_future();
    co_return in_time;
}

}  // namespace

process::process(service& s, const service_options& o, const net::interface_config& config,
                 net::device* device, signal_source& signals)
    : service_(s),
      options_(o),
      config_(config),
      device_(device),
      signals_(signals),
      native_(native_settings_of(o)),
      steering_(o.shards),
      parts_(o.shards) {
    native_.secret = draw_secret();
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

void process::destroy_part(unsigned shard) noexcept {
    parts_[shard].reset();
}

future<> process::run() {
    pollable_fd signal_fd(signals_.fd());
    std::optional<future<>> watching;
    bool started = false;
    try {
        co_await on_every_shard([this](unsigned s) { make_part(s); });
        watching = watch_signals(signal_fd);
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
    co_await on_every_shard([this](unsigned s) { destroy_part(s); });
    if (watching && !watching->available()) background(std::move(*watching));
    if (failure_) std::rethrow_exception(failure_);
}

future<> process::serve() {
    std::vector<future<>> serving;
    for (unsigned s = 0; s < options_.shards; ++s) serving.push_back(serve_on(s));
    // Behind this every shard has listened, or failed to.
    co_await on_every_shard([](unsigned) {});
    if (!failure_)
        log.info("{}: {} shards on {}", service_.name, options_.shards, parts_[0]->network->description());
    co_await when_all_succeed(std::move(serving));
    if (failure_) std::rethrow_exception(failure_);
}

// If one shard's part of the service fails, the others are of no use.
future<> process::serve_on(unsigned shard) {
    try {
        co_await submit_to(shard, [this, shard] {
            part& p = *parts_[shard];
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
    const duration limit = hurried_ ? duration::zero() : options_.drain_timeout;
    const bool closed = co_await resolves_within(limit, std::move(*p.network_stopped));
    if (!closed) {
        log.info("connections are still open after {}; they are reset", format_duration(limit));
        if (p.native)
            p.native->abort_connections();
        else
            p.network.reset();
    }
    (void)co_await resolves_within(last_words, background_done());
}

future<> process::watch_signals(pollable_fd& fd) {
    try {
        while (true) {
            while (const int s = signals_.take()) {
                if (s == SIGUSR1) {
                    co_await print_metrics();
                    continue;
                }
                log.info("{}: {}", s == SIGINT ? "SIGINT" : "SIGTERM",
                         stopping_ ? "resetting what is still open" : "draining");
                hurried_ = stopping_;
                begin_stop();
                if (hurried_)
                    co_await on_every_shard([this](unsigned shard) {
                        if (parts_[shard] && parts_[shard]->native)
                            parts_[shard]->native->abort_connections();
                    });
            }
            co_await fd.readable();
        }
    } catch (const std::system_error&) {
        // The descriptor is no longer watched: the process ends.
    }
}

future<> process::print_metrics() {
    std::vector<metric_sample> all;
    for (unsigned s = 0; s < options_.shards; ++s)
        add_shard(all, co_await submit_to(s, [] { return reactor::current().metrics().snapshot(); }), s);
    fmt::print(stderr, "{}", prometheus_text(all));
}

}  // namespace millrace::tcp
