#include "apps/perf/client.hh"

#include "apps/perf/cpu_time.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "core/units.hh"
#include "core/with_timeout.hh"

#include <fmt/format.h>

#include <algorithm>
#include <sys/resource.h>
#include <utility>

namespace millrace::perf {

namespace {

constexpr size_t connects_at_once = 128;
constexpr size_t preloaders = 32;
constexpr unsigned preload_batch = 32;
constexpr uint64_t preload_bytes = 65536;

template <typename T>
T share_of(T all, unsigned shard, unsigned shards) {
    return all / shards + (shard < all % shards);
}

// What the shards before this one have.
template <typename T>
T shares_before(T all, unsigned shard, unsigned shards) {
    T n = 0;
    for (unsigned s = 0; s < shard; ++s) n += share_of(all, s, shards);
    return n;
}

}  // namespace

client::client(const settings& s, const pattern& p, unsigned shard, unsigned shards)
    : settings_(s),
      pattern_(p),
      shard_(shard),
      shards_(shards),
      clock_(&reactor::current().clock()),
      workers_(share_of(s.connections, shard, shards)),
      dialect_(p, s.value, s.check),
      first_key_(uint32_t(shares_before(s.keys, shard, shards))),
      keys_(uint32_t(share_of(s.keys, shard, shards))),
      random_(reactor::current().rng().next() | 1),
      left_(s.is_counted() ? share_of(s.requests, shard, shards) : UINT64_MAX) {
    if (!s.is_resp()) return;
    const bool stores = s.what == workload::resp_get && s.preload;
    const auto fit = unsigned(std::clamp<uint64_t>(preload_bytes / s.value, 1, preload_batch));
    asked_of_each_ = stores ? std::max(s.pipeline, fit) : s.pipeline;
    asked_.resize(workers_.size() * asked_of_each_);
}

const measurement& client::outcome() noexcept {
    // Bytes of requests are counted when somebody asks, not one by one.
    const uint64_t each = settings_.what <= workload::crr ? settings_.message : 0;
    if (each > 0) outcome_.sent = outcome_.received = outcome_.requests * each;
    return outcome_;
}

future<> client::run(net::network& network, abort_source& stop_source) {
    network_ = &network;
    abort_callback interrupted(stop_source, [this] { stop("interrupted"); });
    co_await prepare();
    if (!stopping_) {
        start_clock();
        std::vector<future<>> all;
        for (auto& w : workers_) all.push_back(guarded(w, &client::work));
        for (auto& f : all) co_await std::move(f);
        end_measuring();
    }
    for (alarm* a : {&begin_, &ending_, &watch_, &giving_up_, &pacer_}) a->cancel();
    for (auto& w : workers_)
        if (w.writing.available()) w.writing.ignore_ready_future();
    workers_.clear();
}

// The first connection goes ahead alone: with it the way to the server is found, and if there is none the
// others need not try.
future<> client::prepare() {
    if (workers_.empty()) co_return;
    if (settings_.what != workload::crr) {
        co_await on_some(1, &client::connect);
        co_await on_some(connects_at_once, &client::connect);
    }
    if (asked_of_each_ == 0 || settings_.what != workload::resp_get || !settings_.preload || stopping_)
        co_return;
    outcome_.at = phase::preloading;
    std::vector<future<>> all;
    for (size_t i = 0; i < std::min(workers_.size(), preloaders); ++i)
        all.push_back(guarded(workers_[i], &client::preload));
    for (auto& f : all) co_await std::move(f);
}

// Alone: one worker. Otherwise all that are left, some at a time.
future<> client::on_some(size_t at_once, part p) {
    if (at_once == 1) {
        worker& next = workers_[next_worker_++];
        co_await guarded(next, p);
        co_return;
    }
    std::vector<future<>> all;
    for (size_t i = 0; i < std::min(workers_.size(), at_once); ++i) all.push_back(one_after_another(p));
    for (auto& f : all) co_await std::move(f);
}

future<> client::one_after_another(part p) {
    while (next_worker_ < workers_.size() && !stopping_) {
        worker& next = workers_[next_worker_++];
        co_await guarded(next, p);
    }
}

future<> client::guarded(worker& w, part p) {
    try {
        co_await (this->*p)(w);
    } catch (const measurement_failed& e) {
        stop(e.what());
    } catch (const std::system_error& e) {
        if (!gave_up_)
            stop(fmt::format("lost the connection to {}: {}", settings_.server, e.code().message()));
    }
}

future<> client::connect(worker& w) {
    ++begun_;
    future<net::stream> connecting =
        with_timeout(settings_.connect_timeout, network_->connect(settings_.server));
    co_await settled(connecting);
    try {
        w.stream = connecting.get();
    } catch (const std::system_error& e) {
        --begun_;
        outcome_.unusable = e.code() == std::errc::too_many_files_open;
        throw measurement_failed(why_not_connected(e));
    }
    ++outcome_.connected;
    if (stopping_) w.stream.abort();
}

std::string client::why_not_connected(const std::system_error& e) const {
    if (e.code() == std::errc::too_many_files_open) {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        return fmt::format(
            "--connections: {} need as many descriptors and some more, and this process may have {} (ulimit "
            "-n)",
            settings_.connections, limit.rlim_cur);
    }
    if (e.code() == std::errc::address_not_available && begun_ > 0)
        return fmt::format("no local port is free any more for {} after {} connections{}", settings_.server,
                           begun_, shards_ > 1 ? fmt::format(" of shard {}", shard_) : "");
    return fmt::format("cannot connect to {}: {}; is a server running there?", settings_.server,
                       e.code().message());
}

void client::start_clock() {
    const time_point start = now();
    if (settings_.is_counted()) {
        measure_from_ = start;
        watch_.arm(start + settings_.grace);
        begin_measuring();
    } else {
        outcome_.at = phase::warming_up;
        measure_from_ = start + settings_.warm_up;
        end_ = measure_from_ + settings_.run_time;
        begin_.arm(measure_from_);
        ending_.arm(end_);
        giving_up_.arm(end_ + settings_.grace);
    }
    if (!settings_.is_open_loop()) return;
    const double share = double(workers_.size()) / settings_.connections;
    schedule_ = schedule(start, double(settings_.rate) * share / settings_.batch());
    for (size_t i = 0; i < workers_.size(); ++i) {
        workers_[i].next_number = i;
        workers_[i].idle = settings_.what != workload::crr;
    }
    pacer_.arm(start);
}

void client::begin_measuring() noexcept {
    outcome_.at = phase::measuring;
    cpu_before_ = thread_cpu_time();
    if (shard_ == 0 && settings_.server_pid != 0) server_cpu_before_ = process_cpu_time(settings_.server_pid);
}

// By the clock or when all has ended, whichever comes first.
void client::end_measuring() noexcept {
    if (outcome_.at == phase::ending) return;
    const bool begun = outcome_.at == phase::measuring;
    outcome_.at = phase::ending;
    pacer_.cancel();
    if (begun) {
        const time_point last = settings_.is_counted() && !stopping_ ? last_answer_ : std::min(now(), end_);
        outcome_.measured = std::max(duration::zero(), last - measure_from_);
        outcome_.cpu = thread_cpu_time() - cpu_before_;
        const auto server_cpu = server_cpu_before_ ? process_cpu_time(settings_.server_pid) : std::nullopt;
        if (server_cpu) outcome_.server_cpu = *server_cpu - *server_cpu_before_;
    }
    for (auto& w : workers_) outcome_.late += w.late + (settings_.is_open_loop() && !w.idle && !w.finished);
    finish_idle();
}

// A count of requests has no end in time, so silence ends it.
void client::look_for_progress() noexcept {
    const bool waits = std::any_of(workers_.begin(), workers_.end(),
                                   [](const worker& w) { return !w.finished && !w.idle && !w.turn; });
    if (outcome_.requests == progress_seen_ && waits) return give_up();
    progress_seen_ = outcome_.requests;
    watch_.arm_after(settings_.grace);
}

void client::stop(std::string why) {
    outcome_.fail(std::move(why));
    if (stopping_) return;
    stopping_ = true;
    pacer_.cancel();
    // Others may wait for answers that will not come.
    giving_up_.arm_after(settings_.grace);
    finish_idle();
}

// Those that wait for their turn wait no longer: they tell the server that they have finished.
void client::finish_idle() noexcept {
    for (auto& w : workers_) {
        if (w.turn) std::exchange(w.turn, std::nullopt)->set_value();
        if (!w.idle || w.finished || !w.stream) continue;
        w.finished = true;
        future<> told = w.stream.shutdown_write();
        if (told.available()) told.ignore_ready_future();
    }
}

void client::give_up() noexcept {
    gave_up_ = true;
    const bool waits =
        std::any_of(workers_.begin(), workers_.end(), [](const worker& w) { return !w.finished; });
    if (!stopping_ && waits)
        outcome_.fail(settings_.is_counted()
                          ? fmt::format("{} has not answered for {}", settings_.server,
                                        format_duration(settings_.grace))
                          : fmt::format("{} has not answered within {} of the end", settings_.server,
                                        format_duration(settings_.grace)));
    stopping_ = true;
    for (auto& w : workers_)
        if (w.stream) w.stream.abort();
}

}  // namespace millrace::perf
