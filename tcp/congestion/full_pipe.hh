// Whether sending faster still brings more: draft-ietf-ccwg-bbr §5.3.1.2.
#pragma once

#include "tcp/congestion/percent.hh"

#include <cstdint>

namespace millrace::tcp {

// The pipe is full when the delivery rate has not grown by a quarter for three rounds.
class full_pipe {
 public:
    // Looks anew; `rate`, in bytes per second, is what it has to grow from.
    void restart(uint64_t rate = 0) noexcept {
        rate_ = rate;
        rounds_ = 0;
        is_full_ = false;
    }
    // A round is over whose sample is not the application's limit: true if the pipe is full now.
    bool on_round(uint64_t rate) noexcept {
        if (is_full_) return true;
        if (rate >= percent_of(rate_, growth_percent))
            restart(rate);
        else
            is_full_ = ++rounds_ >= rounds_without_growth;
        return is_full_;
    }
    bool is_full() const noexcept { return is_full_; }  // BBR.full_bw_now

 private:
    static constexpr unsigned growth_percent = 125;
    static constexpr uint8_t rounds_without_growth = 3;

    uint64_t rate_ = 0;   // BBR.full_bw
    uint8_t rounds_ = 0;  // BBR.full_bw_count
    bool is_full_ = false;
};

}  // namespace millrace::tcp
