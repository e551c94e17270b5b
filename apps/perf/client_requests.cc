// The client's workloads of requests and answers: rr, crr, resp-get, resp-set.
#include "apps/perf/client.hh"
#include "core/coroutine.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace::perf {

future<> client::work(worker& w) {
    if (settings_.is_stream()) return streaming(w);
    return settings_.what == workload::crr ? crr(w) : converse(w);
}

// One connection, until its time is over.
future<> client::converse(worker& w) {
    if (!settings_.is_open_loop()) {
        w.due = now();
        if (may_ask(w, w.due)) ask(w);
    }
    while (!w.finished) {
        const buffer b = co_await w.stream.read();
        if (!b && w.finished) break;
        if (!b) throw measurement_failed(fmt::format("{} closed the connection", settings_.server));
        if (!take(w, b.view())) continue;
        // All of a long request has arrived if its answer has; the acknowledgement may be on its way.
        if (!w.writing.available()) [[unlikely]]
            co_await settled(w.writing);
        if (w.writing.failed()) [[unlikely]]
            w.writing.ignore_ready_future();
        answered(w, now());
    }
    w.finished = true;
    co_await w.stream.close();
}

// If not, the worker has finished, or waits for its turn.
bool client::may_ask(worker& w, time_point t) noexcept {
    if (over(t) || left_ == 0) {
        w.finished = true;
        return false;
    }
    if (!settings_.is_open_loop()) return true;
    w.idle = w.late == 0;
    if (w.idle) return false;
    --w.late;
    w.due = schedule_.due(w.next_number);
    return true;
}

// w.due is set. What goes wrong with the connection is told to whoever reads from it.
void client::ask(worker& w) noexcept {
    w.next_number += workers_.size();
    if (settings_.is_resp()) {
        put_requests(w);
        w.writing = w.stream.write(w.requests.share());
    } else {
        --left_;
        const std::string_view message = pattern_.at(w.sent, settings_.message);
        w.sent += message.size();
        w.writing = w.stream.write(buffer::unowned(message));
    }
    if (w.writing.failed()) [[unlikely]]
        w.writing.ignore_ready_future();
}

// True if the answer is complete.
bool client::take(worker& w, std::string_view bytes) {
    if (settings_.is_resp()) {
        const std::span<const resp_request> asked = requests_of(w);
        w.received += bytes.size();
        if (!dialect_.take(asked, w.replies, bytes)) [[unlikely]]
            throw measurement_failed(
                fmt::format("{} {}", settings_.server, dialect_.complaint(asked, w.replies, bytes)));
        return w.replies.answered == w.asked;
    }
    check(w, bytes);
    w.received += bytes.size();
    if (w.received > w.sent) [[unlikely]]
        throw measurement_failed(
            fmt::format("{} answered with more bytes than it was sent", settings_.server));
    return w.received == w.sent;
}

void client::answered(worker& w, time_point t) noexcept {
    record(w, t);
    w.due = t;
    if (may_ask(w, t)) ask(w);
}

void client::record(worker& w, time_point t) noexcept {
    // Paced, what was due in the warm-up and is answered now has waited for all that time, and shows it.
    const time_point from = settings_.is_open_loop() ? t : w.due;
    if (from < measure_from_ || t >= end_) return;
    const uint32_t n = settings_.is_resp() ? w.asked : 1;
    outcome_.latency.record(t - w.due, n);
    outcome_.requests += n;
    last_answer_ = t;
    if (!settings_.is_resp()) return;
    outcome_.sent += w.requests.size();
    outcome_.received += w.received;
}

// Everything that is due by now is asked for, or noted on a connection that still waits for an answer.
void client::on_due() noexcept {
    const time_point t = now();
    while (left_ > 0) {
        const time_point due = schedule_.due(next_due_);
        if (due > t) return pacer_.arm(due);
        worker& w = workers_[next_due_++ % workers_.size()];
        if (w.turn) {
            w.due = due;
            std::exchange(w.turn, std::nullopt)->set_value();
        } else if (std::exchange(w.idle, false)) {
            w.due = due;
            ask(w);
        } else {
            ++w.late;
        }
    }
    finish_idle();
}

// ---- resp

std::span<resp_request> client::requests_of(const worker& w) noexcept {
    return {asked_.data() + size_t(&w - workers_.data()) * asked_of_each_, w.asked};
}

resp_request client::draw() noexcept {
    // xorshift64* (Marsaglia; Vigna 2016).
    random_ ^= random_ >> 12;
    random_ ^= random_ << 25;
    random_ ^= random_ >> 27;
    const uint64_t r = random_ * 0x2545F4914F6CDD1DULL;
    const auto key = uint32_t((r >> 32) * keys_ >> 32);
    const auto percent = unsigned((r & 0xffffffff) * 100 >> 32);
    return {.key = (first_key_ + key) & 0x7fffffff, .is_set = percent >= settings_.gets()};
}

// Draws the next batch and writes it down.
void client::put_requests(worker& w) noexcept {
    w.asked = uint32_t(std::min<uint64_t>(settings_.pipeline, left_));
    left_ -= w.asked;
    for (resp_request& r : requests_of(w)) r = draw();
    compose(w);
}

void client::compose(worker& w) noexcept {
    size_t size = 0;
    for (const resp_request r : requests_of(w)) size += dialect_.size_of(r);
    // The network lets go of the last ones when they are acknowledged, which is mostly with their answers.
    if (w.requests.sole_owner()) w.requests.trim(0);
    if (w.requests.tailroom() < size) w.requests = buffer::allocate(0, 0, size);
    char* end = w.requests.append(size);
    for (const resp_request r : requests_of(w)) end = dialect_.put(end, r);
    w.replies = {};
    w.received = 0;
}

// Stores keys until all of the shard's are.
future<> client::preload(worker& w) {
    while (next_key_ < keys_ && !stopping_) {
        w.asked = std::min(asked_of_each_, keys_ - next_key_);
        for (resp_request& r : requests_of(w))
            r = {.key = (first_key_ + next_key_++) & 0x7fffffff, .is_set = 1};
        compose(w);
        co_await w.stream.write(w.requests.share());
        co_await receive_answer(w);
    }
}

// ---- crr

future<> client::crr(worker& w) {
    while (true) {
        if (settings_.is_open_loop()) {
            co_await my_turn(w);
        } else {
            w.due = now();
        }
        if (over(now()) || left_ == 0) break;
        --left_;
        co_await connect_and_ask(w);
    }
    w.finished = true;
}

// Resolves at once if it is late already.
future<> client::my_turn(worker& w) {
    if (w.late > 0) {
        --w.late;
        w.due = schedule_.due(w.next_number);
    } else if (!over(now()) && left_ > 0) {
        w.turn.emplace();
        co_await w.turn->get_future();
    }
    w.next_number += workers_.size();
}

// The latency is that of all up to the answer; closing counts for the rate only.
future<> client::connect_and_ask(worker& w) {
    co_await connect(w);
    w.received = 0;
    w.sent = settings_.message;
    // An echo server cannot take all of a long message before its answer is read.
    future<> writing = w.stream.write(buffer::unowned(pattern_.at(0, settings_.message)));
    future<> reading = receive_answer(w);
    co_await settled(reading);
    if (reading.failed()) w.stream.abort();
    co_await settled(writing);
    if (reading.failed() && writing.failed()) writing.ignore_ready_future();
    co_await std::move(reading);
    co_await std::move(writing);
    record(w, now());
    co_await w.stream.close();
}

future<> client::receive_answer(worker& w) {
    for (bool complete = false; !complete;) {
        const buffer b = co_await w.stream.read();
        if (!b) throw measurement_failed(fmt::format("{} closed the connection", settings_.server));
        complete = take(w, b.view());
    }
}

}  // namespace millrace::perf
