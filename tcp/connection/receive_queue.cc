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
    if (!kept_) {
        kept_ = std::make_unique<contents>();
    } else if (is_wasteful(payload)) {
        if (copy_into_tail(payload)) return;
        buffer chunk = buffer::allocate(std::max<size_t>(chunk_bytes, size));
        std::memcpy(chunk.mutable_data(), payload.data(), size);
        payload = std::move(chunk);
    }
    kept_->bytes += size;
    kept_->memory += memory_of(payload);
    kept_->entries.push_back({std::move(payload), size});
}

bool receive_queue::copy_into_tail(const buffer& payload) noexcept {
    entry& tail = kept_->entries.back();
    if (tail.bytes.size() - tail.size < payload.size()) return false;
    std::memcpy(tail.bytes.mutable_data() + tail.size, payload.data(), payload.size());
    tail.size += uint32_t(payload.size());
    kept_->bytes += uint32_t(payload.size());
    return true;
}

buffer receive_queue::pop() noexcept {
    if (!kept_) return {};
    entry oldest = kept_->entries.pop_front();
    kept_->memory -= memory_of(oldest.bytes);
    kept_->bytes -= oldest.size;
    if (kept_->entries.empty()) kept_.reset();
    oldest.bytes.trim(oldest.size);
    return std::move(oldest.bytes);
}

}  // namespace millrace::tcp
