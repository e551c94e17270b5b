#include "apps/kv/unsent_replies.hh"

#include "apps/kv/shard_state.hh"

#include <algorithm>
#include <utility>

namespace millrace::kv {

void unsent_replies::add(client& who, uint64_t bytes, std::span<client* const> all) noexcept {
    who.unsent += bytes;
    bytes_ += bytes;
    while (bytes_ > limit_) {
        client& worst = **std::max_element(
            all.begin(), all.end(), [](const client* a, const client* b) { return a->unsent < b->unsent; });
        if (worst.unsent == 0) return;
        bytes_ -= std::exchange(worst.unsent, 0);
        ++cut_off_;
        if (worst.connection) worst.connection->abort();
    }
}

// Nothing is left of what a client had when it was cut off.
void unsent_replies::remove(client& who, uint64_t bytes) noexcept {
    bytes = std::min(bytes, who.unsent);
    who.unsent -= bytes;
    bytes_ -= bytes;
}

}  // namespace millrace::kv
