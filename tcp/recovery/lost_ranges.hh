// Which segments wait to be sent again: the first in sequence first. RFC 6675 §4, NextSeg() rule (1).
#pragma once

#include "tcp/segment/seq.hh"

#include <cstddef>
#include <optional>
#include <vector>

namespace millrace::tcp {

class in_flight;

// Remembers where lost marks were set, so that the next segment is found without a walk along the flight:
// each record is looked at once for each time that it was marked, whatever order losses are seen in.
class lost_ranges {
 public:
    // The record [from, to) was marked lost just now.
    void add(seq from, seq to);
    // The index of the first record that is lost still; nothing if none is.
    std::optional<size_t> first(const in_flight& flight);
    void clear() noexcept {
        heap_.clear();
        newest_ = {};
    }

 private:
    void push(seq_range r);
    seq_range pop() noexcept;

    std::vector<seq_range> heap_;  // the one that begins first is on top
    seq_range newest_{};           // grows while marks are set in order; not in the heap
};

}  // namespace millrace::tcp
