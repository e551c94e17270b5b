// ring: parcels from one shard to one other, with one producer, one consumer and no lock.
#pragma once

#include "core/check.hh"
#include "core/parcel.hh"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace {

class ring {
 public:
    // `capacity`: a power of two.
    explicit ring(size_t capacity) : mask_(capacity - 1), slots_(std::make_unique<parcel[]>(capacity)) {
        CHECK(std::has_single_bit(capacity));
    }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    // ---- the producer

    // An empty place at the end, not visible to the consumer before publish(); null if the ring is full.
    parcel* reserve() noexcept {
        if (reserved_ - known_head_ > mask_) {
            known_head_ = head_.load(std::memory_order_acquire);
            if (reserved_ - known_head_ > mask_) return nullptr;
        }
        return &slots_[reserved_++ & mask_];
    }
    size_t unpublished() const noexcept { return size_t(reserved_ - tail_.load(std::memory_order_relaxed)); }
    // Sequentially consistent, for the sake of post_office's wake-up protocol.
    void publish() noexcept { tail_.store(reserved_, std::memory_order_seq_cst); }

    // ---- the consumer

    // Opens up to `limit` parcels in order, each in its place. Returns how many.
    size_t open(size_t limit) noexcept {
        const uint64_t head = head_.load(std::memory_order_relaxed);
        const uint64_t waiting = tail_.load(std::memory_order_acquire) - head;
        const size_t n = waiting < limit ? size_t(waiting) : limit;
        for (size_t i = 0; i < n; ++i) slots_[(head + i) & mask_].open();
        if (n) head_.store(head + n, std::memory_order_release);
        return n;
    }
    bool empty() const noexcept {
        return tail_.load(std::memory_order_seq_cst) == head_.load(std::memory_order_relaxed);
    }

 private:
    static constexpr size_t line = 64;

    const uint64_t mask_;
    const std::unique_ptr<parcel[]> slots_;
    // Counted up for ever; a slot is its number modulo the capacity.
    alignas(line) std::atomic<uint64_t> tail_{0};  // published by the producer
    alignas(line) std::atomic<uint64_t> head_{0};  // opened by the consumer
    alignas(line) uint64_t reserved_ = 0;          // the producer's own
    uint64_t known_head_ = 0;
};

}  // namespace millrace
