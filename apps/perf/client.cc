#include "apps/perf/client.hh"

#include "apps/perf/protocol.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "core/units.hh"
#include "core/with_timeout.hh"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <system_error>

namespace millrace::perf {

namespace {

constexpr size_t connects_at_once = 128;
// From this size on a message is handed over by reference; smaller ones are copied into the packet anyway.
constexpr size_t reference_bytes = 4096;

// Ends a worker for a reason that is a sentence.
struct measurement_failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

unsigned share_of(unsigned all, unsigned shard, unsigned shards) {
    return all / shards + (shard < all % shards);
}

}  // namespace

client::client(const settings& s, const pattern& p, unsigned shard, unsigned shards)
    : settings_(s), pattern_(p), workers_(share_of(s.connections, shard, shards)) {}

// Not the reactor's time of the turn: latencies are shorter than turns.
time_point client::now() const noexcept {
    return reactor::current().clock().now();
}

future<> client::run(net::network& network, abort_source& stop_source) {
    network_ = &network;
    abort_callback interrupted(stop_source, [this] { stop("interrupted"); });
    if (settings_.what != workload::crr) co_await connect_all();
    if (!stopping_) {
        start_clock();
        std::vector<future<>> all;
        for (auto& w : workers_) all.push_back(guarded(w, &client::work));
        for (auto& f : all) co_await std::move(f);
        end_clock();
    }
    giving_up_.cancel();
    workers_.clear();
}

future<> client::guarded(worker& w, future<> (client::*part)(worker&)) {
    try {
        co_await (this->*part)(w);
    } catch (const measurement_failed& e) {
        stop(e.what());
    } catch (const std::system_error& e) {
        if (!gave_up_)
            stop(fmt::format("lost the connection to {}: {}", settings_.server, e.code().message()));
    }
}

future<> client::connect(worker& w) {
    future<net::stream> connecting =
        with_timeout(settings_.connect_timeout, network_->connect(settings_.server));
    co_await settled(connecting);
    try {
        w.stream = connecting.get();
    } catch (const std::system_error& e) {
        throw measurement_failed(fmt::format("cannot connect to {}: {}; is a server running there?",
                                             settings_.server, e.code().message()));
    }
    if (stopping_) w.stream.abort();
}

// Several connect at a time, each of these one after another.
future<> client::connect_all() {
    auto some = [](client& c) -> future<> {
        while (c.next_to_connect_ < c.workers_.size() && !c.stopping_) {
            worker& w = c.workers_[c.next_to_connect_++];
            co_await c.guarded(w, &client::connect);
            c.outcome_.connected += bool(w.stream);
        }
    };
    std::vector<future<>> all;
    for (size_t i = 0; i < std::min(workers_.size(), connects_at_once); ++i) all.push_back(some(*this));
    for (auto& f : all) co_await std::move(f);
}

void client::start_clock() {
    measure_from_ = now() + settings_.warm_up;
    end_ = measure_from_ + settings_.run_time;
    giving_up_.arm(end_ + settings_.grace);
}

void client::end_clock() noexcept {
    outcome_.measured = std::max(duration::zero(), std::min(now(), end_) - measure_from_);
}

void client::stop(std::string why) {
    outcome_.fail(std::move(why));
    if (stopping_) return;
    stopping_ = true;
    // Others may wait for answers that will not come.
    giving_up_.arm_after(settings_.grace);
}

void client::give_up() noexcept {
    gave_up_ = true;
    if (!stopping_)
        outcome_.fail(fmt::format("{} has not answered within {} of the end", settings_.server,
                                  format_duration(settings_.grace)));
    stopping_ = true;
    for (auto& w : workers_)
        if (w.stream) w.stream.abort();
}

future<> client::work(worker& w) {
    switch (settings_.what) {
        case workload::rr:
            for (time_point asked = now(); !over(asked); asked = now()) {
                co_await ask(w);
                record(asked);
            }
            co_return co_await w.stream.close();
        case workload::crr:
            while (!over(now())) co_await connect_and_ask(w);
            co_return;
        case workload::read:
        case workload::write:
        case workload::rw:
            co_return co_await streaming(w);
    }
}

void client::record(time_point asked) noexcept {
    time_point answered = now();
    if (!measuring(asked) || !measuring(answered)) return;
    outcome_.latency.record(answered - asked);
    ++outcome_.requests;
    outcome_.sent += settings_.message;
    outcome_.received += settings_.message;
}

// One message there and back.
future<> client::ask(worker& w) {
    std::string_view message = pattern_.at(w.sent, settings_.message);
    w.sent += message.size();
    // An echo server cannot take all of a long message before its answer is read.
    future<> writing =
        message.size() < reference_bytes ? w.stream.write(message) : w.stream.write(buffer::unowned(message));
    future<> reading = receive_answer(w);
    co_await settled(reading);
    if (reading.failed()) w.stream.abort();
    co_await settled(writing);
    if (reading.failed() && writing.failed()) writing.ignore_ready_future();
    co_await std::move(reading);
    co_await std::move(writing);
}

future<> client::receive_answer(worker& w) {
    while (w.received < w.sent) {
        buffer b = co_await w.stream.read();
        if (!b) throw measurement_failed(fmt::format("{} closed the connection", settings_.server));
        check(w, b.view());
        w.received += b.size();
    }
    if (w.received > w.sent)
        throw measurement_failed(
            fmt::format("{} answered with more bytes than it was sent", settings_.server));
}

// The latency is that of all up to the answer; closing counts for the rate only.
future<> client::connect_and_ask(worker& w) {
    time_point begin = now();
    co_await connect(w);
    ++outcome_.connected;
    w.sent = w.received = 0;
    co_await ask(w);
    record(begin);
    co_await w.stream.close();
}

void client::check(const worker& w, std::string_view bytes) {
    if (settings_.check && !pattern_.matches(w.received, bytes))
        throw measurement_failed(
            fmt::format("{} sent wrong bytes after {} right ones", settings_.server, w.received));
}

future<> client::streaming(worker& w) {
    auto greeting = hello{settings_.what, uint32_t(settings_.message)}.emit();
    co_await w.stream.write(std::string_view(greeting.data(), greeting.size()));
    if (settings_.what == workload::write) {
        co_await send_stream(w);
        co_return co_await receive_count(w);
    }
    future<> receiving = receive_stream(w);
    future<> sending = settings_.what == workload::rw ? send_stream(w) : make_ready_future<>();
    co_await settled(sending);
    co_await settled(receiving);
    if (sending.failed() && receiving.failed()) sending.ignore_ready_future();
    co_await std::move(receiving);
    co_await std::move(sending);
    co_await w.stream.close();
}

future<> client::send_stream(worker& w) {
    for (time_point t = now(); !over(t);) {
        co_await w.stream.write(buffer::unowned(pattern_.at(w.sent, settings_.message)));
        w.sent += settings_.message;
        t = now();
        if (measuring(t)) outcome_.sent += settings_.message;
    }
    co_await w.stream.shutdown_write();
}

// Until the time is over; then the server is told so, by the end of our stream, and what it still sends is
// read.
future<> client::receive_stream(worker& w) {
    bool told = settings_.what == workload::rw;
    for (;;) {
        buffer b = co_await w.stream.read();
        time_point t = now();
        if (!b && over(t)) co_return;
        if (!b) throw measurement_failed(fmt::format("{} closed the connection", settings_.server));
        check(w, b.view());
        w.received += b.size();
        if (measuring(t)) outcome_.received += b.size();
        if (told || !over(t)) continue;
        told = true;
        co_await w.stream.shutdown_write();
    }
}

// The server says how many bytes it got.
future<> client::receive_count(worker& w) {
    std::string text;
    while (buffer b = co_await w.stream.read()) {
        text += b.view();
        if (text.size() > 20) break;
    }
    if (text != std::to_string(w.sent))
        throw measurement_failed(fmt::format("{} received {} of {} bytes", settings_.server,
                                             text.empty() ? "an unknown number" : text, w.sent));
    co_await w.stream.close();
}

}  // namespace millrace::perf
