// The client's workloads without requests: read, write, rw.
#include "apps/perf/client.hh"
#include "apps/perf/protocol.hh"
#include "core/coroutine.hh"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace millrace::perf {

future<> client::streaming(worker& w) {
    auto greeting = hello{settings_.what, uint32_t(settings_.message)}.emit();
    co_await w.stream.write(std::string_view(greeting.data(), greeting.size()));
    if (settings_.what == workload::write) {
        co_await send_stream(w);
        co_await receive_count(w);
    } else {
        future<> receiving = receive_stream(w);
        future<> sending = settings_.what == workload::rw ? send_stream(w) : make_ready_future<>();
        co_await settled(sending);
        co_await settled(receiving);
        if (sending.failed() && receiving.failed()) sending.ignore_ready_future();
        co_await std::move(receiving);
        co_await std::move(sending);
    }
    w.finished = true;
    co_await w.stream.close();
}

void client::check(const worker& w, std::string_view bytes) const {
    if (settings_.check && !pattern_.matches(w.received, bytes)) [[unlikely]]
        throw measurement_failed(
            fmt::format("{} sent wrong bytes after {} right ones", settings_.server, w.received));
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
}

}  // namespace millrace::perf
