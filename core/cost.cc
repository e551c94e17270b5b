#include "core/cost.hh"

namespace millrace {

std::string_view to_string(work_kind w) noexcept {
    switch (w) {
        case work_kind::device_in:
            return "device_in";
        case work_kind::device_out:
            return "device_out";
        case work_kind::ip_in:
            return "ip_in";
        case work_kind::ip_out:
            return "ip_out";
        case work_kind::tcp_in:
            return "tcp_in";
        case work_kind::tcp_out:
            return "tcp_out";
        case work_kind::tasks:
            return "tasks";
        case work_kind::timers:
            return "timers";
        case work_kind::mailboxes:
            return "mailboxes";
        case work_kind::descriptors:
            return "descriptors";
        case work_kind::other:
            return "other";
        case work_kind::idle:
            return "idle";
        case work_kind::sleep:
            return "sleep";
    }
    return "";
}

work_kind cost_meter::change(work_kind w) noexcept {
    const uint64_t now = this->now();
    in_turn_[size_t(current_)] += now - since_;
    since_ = now;
    return std::exchange(current_, w);
}

void cost_meter::begin_measured_turn() noexcept {
    measured_ = true;
    current_ = work_kind::other;
    since_ = now();
}

// The next gap is drawn before anything is known of the turns in it, so that no rhythm of theirs shows.
void cost_meter::end_measured_turn(bool worked) noexcept {
    change(work_kind::other);
    for (size_t i = 0; i < works; ++i) {
        const size_t as = worked ? i : size_t(work_kind::idle);
        cycles_[as] += std::exchange(in_turn_[i], 0) * stands_for_;
    }
    measured_ = false;
    dice_ = dice_ * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX
    stands_for_ = 1 + uint32_t((dice_ >> 33) % longest_gap);
    turns_to_next_ = stands_for_;
}

}  // namespace millrace
