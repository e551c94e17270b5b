// The replies that a shard's clients have not taken: bounded for all of them together. Who makes them too
// many, by having the most, is cut off.
#pragma once

#include <cstdint>
#include <span>

namespace millrace::kv {

struct client;

class unsent_replies {
 public:
    explicit unsent_replies(uint64_t limit) noexcept : limit_(limit) {}
    unsent_replies(const unsent_replies&) = delete;
    unsent_replies& operator=(const unsent_replies&) = delete;

    // Bytes of a client's replies, from when its connection does not take them at once until it has. While
    // there are too many, aborts the connection of whoever of `all` has the most, which may be this one.
    void add(client& who, uint64_t bytes, std::span<client* const> all) noexcept;
    void remove(client& who, uint64_t bytes) noexcept;

    const uint64_t& bytes() const noexcept { return bytes_; }
    // Connections aborted.
    const uint64_t& cut_off() const noexcept { return cut_off_; }

 private:
    uint64_t limit_;
    uint64_t bytes_ = 0;
    uint64_t cut_off_ = 0;
};

}  // namespace millrace::kv
