// The ACKs that a DCTCP receiver owes for what came before the marks on arriving segments changed. RFC 8257
// §3.2.
#pragma once

#include "tcp/segment/seq.hh"

#include <boost/container/static_vector.hpp>

#include <cstddef>

namespace millrace::tcp {

// Several, as a burst is received whole before anything is sent: without them one ACK would speak for marked
// and unmarked bytes alike.
class mark_changes {
 public:
    static constexpr size_t capacity = 32;  // a burst

    struct owed {
        seq ack;      // everything before it has come
        bool marked;  // and of what the last ACK did not cover, everything was marked, or nothing
    };

    bool empty() const noexcept { return owed_.empty(); }
    // When there is no room, the last two become one, which says what the later of them does.
    void push(seq ack, bool marked) noexcept {
        if (owed_.size() == capacity) owed_.pop_back();
        owed_.push_back({ack, marked});
    }
    // The oldest; there must be one.
    owed pop() noexcept {
        const owed first = owed_.front();
        owed_.erase(owed_.begin());
        return first;
    }
    void clear() noexcept { owed_.clear(); }

 private:
    boost::container::static_vector<owed, capacity> owed_;
};

}  // namespace millrace::tcp
