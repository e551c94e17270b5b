#include "tcp/congestion/congestion_control.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {
namespace {

using algorithms = std::variant<cubic, reno, dctcp>;

algorithms make(net::congestion_algorithm a) noexcept {
    switch (a) {
        case net::congestion_algorithm::cubic:
            return cubic();
        case net::congestion_algorithm::reno:
            return reno();
        case net::congestion_algorithm::dctcp:
            return dctcp();
        case net::congestion_algorithm::bbr:  // until it has its model
            return reno();
    }
    __builtin_unreachable();
}

}  // namespace

congestion_control::congestion_control(net::congestion_algorithm a, uint32_t smss,
                                       uint32_t initial_cwnd) noexcept
    : w_{.smss = smss, .cwnd = std::clamp(initial_cwnd, smss, congestion_window::max)}, algorithm_(a) {}

void congestion_control::choose(net::congestion_algorithm a) noexcept {
    if (a == algorithm_) return;
    algorithm_ = a;
    if (!memory_) return;
    memory_->algorithm = make(a);
    memory_->model.reset();
}

void congestion_control::begin_model(duration srtt, bool selective, time_point now, uint64_t seed) {
    remember().model = std::make_unique<bbr>(w_, srtt, selective, now, seed);
    w_.ssthresh = congestion_window::unlimited;
    undoable_ = false;
}

congestion_control::memory& congestion_control::remember() noexcept {
    if (!memory_) memory_ = std::make_unique<memory>(memory{.algorithm = make(algorithm_), .before = w_});
    return *memory_;
}

void congestion_control::on_ack(const window_ack& ack) noexcept {
    if (has_model()) return;
    std::visit(
        [&](auto& a) {
            if (paused_) a.on_pause();
            a.on_ack(w_, ack);
        },
        remember().algorithm);
    paused_ = false;
}

void congestion_control::on_loss(uint32_t flight) noexcept {
    if (has_model()) return memory_->model->on_recovery(w_);
    memory& m = remember();
    m.before = w_;
    undoable_ = true;
    std::visit([&](auto& a) { a.on_loss(w_, flight); }, m.algorithm);
    w_.cwnd = w_.ssthresh;
}

void congestion_control::on_delivered(uint32_t acked, uint32_t flight, uint32_t marked) noexcept {
    if (auto* a = std::get_if<dctcp>(&remember().algorithm)) a->on_delivered(acked, flight, marked);
}

// Nothing takes this back: a mark is no guess.
void congestion_control::on_mark() noexcept {
    if (has_model()) return memory_->model->on_mark(w_);
    undoable_ = false;
    std::visit([&](auto& a) { a.on_mark(w_); }, remember().algorithm);
    w_.cwnd = w_.ssthresh;
}

void congestion_control::on_recovery_exit(uint32_t flight) noexcept {
    if (has_model() || !undoable_) return;  // it was for nothing, and the window is what it was before
    w_.cwnd = std::min(w_.ssthresh, std::max(flight, w_.smss) + w_.smss);
}

void congestion_control::on_timeout(uint32_t flight, bool first) noexcept {
    if (has_model()) return memory_->model->on_timeout(w_, first);
    if (first) {
        memory& m = remember();
        m.before = w_;
        undoable_ = true;
        std::visit([&](auto& a) { a.on_timeout(w_, flight); }, m.algorithm);
    }
    w_.cwnd = w_.smss;  // the loss window
}

void congestion_control::on_spurious() noexcept {
    if (has_model()) return memory_->model->on_spurious(w_);
    if (!std::exchange(undoable_, false) || w_.cwnd >= memory_->before.cwnd) return;
    const uint32_t smss = w_.smss;
    w_ = memory_->before;
    w_.smss = smss;
    std::visit([](auto& a) { a.on_spurious(); }, memory_->algorithm);
}

void congestion_control::on_idle(uint32_t rtos, uint32_t initial_cwnd) noexcept {
    if (has_model()) return;
    paused_ = true;
    const uint32_t floor = std::min(w_.cwnd, initial_cwnd);
    w_.ssthresh = std::max(w_.ssthresh, w_.cwnd - w_.cwnd / 4);
    w_.cwnd = std::max(w_.cwnd >> std::min(rtos, 31u), floor);
}

}  // namespace millrace::tcp
