#include "tcp/connection/receive_queue.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::tcp {
namespace {

// Room of a chunk that small payloads are copied to; one payload may need more.
constexpr size_t chunk_bytes = 4096;

// A payload that uses less than a quarter of the memory around it.
bool is_wasteful(const buffer& b) noexcept {
    return b.size() * 4 < receive_queue::memory_of(b);
}

}  // namespace

uint32_t receive_queue::memory_of(const buffer& b) noexcept {
    const buffer_storage* s = b.storage();
    return uint32_t(s ? std::max(size_t(s->end - s->begin), b.size()) : b.size());
}

buffer receive_queue::compact(buffer payload) {
    return is_wasteful(payload) ? buffer::copy_of(payload.view()) : std::move(payload);
}

void receive_queue::push(buffer payload) {
    const auto size = uint32_t(payload.size());
    bytes_ += size;
    if (!entries_.empty() && is_wasteful(payload)) {
        if (copy_into_tail(payload)) return;
        buffer chunk = buffer::allocate(std::max<size_t>(chunk_bytes, size));
        std::memcpy(chunk.mutable_data(), payload.data(), size);
        payload = std::move(chunk);
    }
    memory_ += memory_of(payload);
    entries_.push_back({std::move(payload), size});
}

bool receive_queue::copy_into_tail(const buffer& payload) noexcept {
    entry& tail = entries_.back();
    if (tail.bytes.size() - tail.size < payload.size()) return false;
    std::memcpy(tail.bytes.mutable_data() + tail.size, payload.data(), payload.size());
    tail.size += uint32_t(payload.size());
    return true;
}

buffer receive_queue::pop() noexcept {
    if (entries_.empty()) return {};
    entry oldest = entries_.pop_front();
    memory_ -= memory_of(oldest.bytes);
    bytes_ -= oldest.size;
    oldest.bytes.trim(oldest.size);
    return std::move(oldest.bytes);
}

void receive_queue::clear() noexcept {
    entries_.clear();
    bytes_ = memory_ = 0;
}

}  // namespace millrace::tcp
