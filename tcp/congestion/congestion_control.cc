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
    memory& m = remember();
    std::visit(
        [&](auto& a) {
            if (paused_) a.on_pause();
            a.on_ack(w_, ack);
        },
        m.algorithm);
    paused_ = false;
    (void)m.validation.on_acked(ack.acked, ack.now, ack.srtt);
    m.validation.note_validated(ack.now);  // all of it was in use
}

void congestion_control::measure_unfilled(uint32_t acked, time_point now, duration srtt) noexcept {
    window_validation& v = memory_->validation;
    if (memory_->model || !v.on_acked(acked, now, srtt)) return;
    if (v.is_validated(w_.cwnd))
        v.note_validated(now);
    else
        end_unvalidated(now, initial_window(w_.smss));
}

void congestion_control::on_loss(uint32_t flight) noexcept {
    if (has_model()) return memory_->model->on_recovery(w_);
    memory& m = remember();
    m.before = w_;
    undoable_ = true;
    // RFC 7661 §4.4.1: of a window that was not in use, what was counts.
    const uint32_t used = std::max(flight, m.validation.pipe_ack());
    const bool validated = m.validation.is_validated(w_.cwnd) || used >= w_.cwnd / 2;
    m.used_at_loss = validated ? 0 : used;
    if (!validated) w_.cwnd = std::max(used, 2 * w_.smss);  // what CUBIC goes back to was never used, either
    std::visit([&](auto& a) { a.on_loss(w_, validated ? flight : used); }, m.algorithm);
    w_.cwnd = w_.ssthresh;
}

void congestion_control::on_delivered(uint32_t acked, uint32_t flight, uint32_t marked) noexcept {
    if (auto* a = std::get_if<dctcp>(&remember().algorithm)) a->on_delivered(acked, flight, marked);
}

// Nothing takes this back: a mark is no guess.
void congestion_control::on_mark(uint32_t flight) noexcept {
    if (has_model()) return memory_->model->on_mark(w_);
    undoable_ = false;
    memory& m = remember();
    // RFC 7661 §4.4.1, as at a loss. In slow start what was acknowledged in a round trip is half of what is
    // out.
    const uint32_t used = std::max(flight, m.validation.pipe_ack());
    if (!m.validation.is_validated(w_.cwnd) && used < w_.cwnd / 2) w_.cwnd = std::max(used, 2 * w_.smss);
    std::visit([&](auto& a) { a.on_mark(w_); }, m.algorithm);
    w_.cwnd = w_.ssthresh;
}

void congestion_control::on_recovery_exit(uint32_t flight, uint32_t sent_again) noexcept {
    if (has_model() || !undoable_) return;  // it was for nothing, and the window is what it was before
    if (const uint32_t used = std::exchange(memory_->used_at_loss, 0)) {
        // RFC 7661 §4.4.1: what had to be sent again the path did not bear; pipeACK is of before.
        const uint32_t borne = used - std::min(used, sent_again);
        w_.ssthresh = std::max(uint32_t(uint64_t(w_.ssthresh) * borne / used), 2 * w_.smss);
        memory_->validation.reset();
    }
    w_.cwnd = std::min(w_.ssthresh, std::max(flight, w_.smss) + w_.smss);
}

void congestion_control::on_timeout(uint32_t flight, bool first) noexcept {
    if (has_model()) return memory_->model->on_timeout(w_, first);
    if (memory_) {
        memory_->validation.reset();
        memory_->used_at_loss = 0;
    }
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

// RFC 5681 §4.1 would have the window start again; what RFC 7661 §4.4.2 wants instead is that no burst goes
// out.
bool congestion_control::on_silence(time_point now, uint32_t initial_cwnd) noexcept {
    if (has_model() || w_.cwnd <= initial_cwnd) return false;
    paused_ = true;
    if (memory_) end_unvalidated(now, initial_cwnd);
    return w_.cwnd > initial_cwnd;
}

// RFC 7661 §4.4.3, if it is time; once for each period.
void congestion_control::end_unvalidated(time_point now, uint32_t initial_cwnd) noexcept {
    window_validation& v = memory_->validation;
    if (!v.is_over(now) || w_.cwnd <= initial_cwnd) return;
    w_.ssthresh = std::max(w_.ssthresh, w_.cwnd - w_.cwnd / 4);
    w_.cwnd = std::max(w_.cwnd / 2, initial_cwnd);
    v.note_validated(now);
}

}  // namespace millrace::tcp
