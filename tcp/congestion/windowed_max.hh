// The largest of the values of late, by a clock that counts rounds: Kathleen Nichols' filter, which
// draft-ietf-ccwg-bbr §5.5.5 names.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace millrace::tcp {

// Three candidates, each later and not larger than the one before it: when the first grows too old, the next
// is there already.
class windowed_max {
 public:
    uint64_t value() const noexcept { return best_[0].value; }

    // `value` came at `round`, which never goes back; what is `length` rounds old or older is forgotten. The
    // largest that is left. `length` is at least 1.
    uint64_t update(uint64_t value, uint32_t round, uint32_t length) noexcept {
        const entry e{value, round};
        while (round - best_[0].round >= length && best_[0].value > 0) drop_first(e);
        if (value >= best_[0].value)
            best_ = {e, e, e};
        else if (value >= best_[1].value)
            best_[1] = best_[2] = e;
        else if (value >= best_[2].value)
            best_[2] = e;
        else if (best_[2].round == best_[1].round || round - best_[2].round > length / 2)
            best_[2] = e;
        return best_[0].value;
    }

 private:
    struct entry {
        uint64_t value = 0;
        uint32_t round = 0;
    };

    void drop_first(const entry& e) noexcept {
        best_[0] = best_[1];
        best_[1] = best_[2];
        best_[2] = e;
    }

    std::array<entry, 3> best_{};
};

}  // namespace millrace::tcp
