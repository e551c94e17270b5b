#include "tcp/send/send_buffer.hh"

#include "core/check.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace millrace::tcp {
namespace {

// Room of a new chunk for `bytes`, alone or as the first of many.
size_t chunk_size(size_t bytes, bool alone) noexcept {
    return std::clamp<size_t>(std::bit_ceil(bytes), alone ? 256 : 4096, 65536);
}

}  // namespace

void send_buffer::append_copy(std::string_view data) {
    while (!data.empty()) {
        if (pieces_.empty() || pieces_.back().bytes.size() == pieces_.back().size)
            pieces_.push_back({buffer::allocate(chunk_size(data.size(), empty())), end_, 0});
        piece& tail = pieces_.back();
        const size_t n = std::min(data.size(), tail.bytes.size() - tail.size);
        std::memcpy(tail.bytes.mutable_data() + tail.size, data.data(), n);
        tail.size += uint32_t(n);
        end_ += uint32_t(n);
        data.remove_prefix(n);
    }
}

void send_buffer::cut_front(seq una) noexcept {
    piece& front = pieces_.front();
    const uint32_t gone = distance(front.at, una);
    front.bytes.trim_front(gone);
    front.at = una;
    front.size -= gone;
}

size_t send_buffer::search(seq at) const noexcept {
    size_t low = 0, high = pieces_.size();
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        (pieces_[middle].at <= at ? low : high) = middle;
    }
    return low;
}

void send_buffer::slice(seq at, uint32_t length, outgoing_payload& to) const {
    CHECK(begin_ <= at && at + length <= end_);
    if (length == 0) return;
    size_t i = find(at);
    while (length > 0) {
        const piece& p = pieces_[i];
        const uint32_t offset = distance(p.at, at);
        const uint32_t n = std::min(length, p.size - offset);
        if (n < length && to.size() + 1 == to.capacity()) {
            to.push_back(gather(i, at, length));
            return;
        }
        to.push_back(p.bytes.share(offset, n));
        at += n;
        length -= n;
        if (at == p.end()) ++i;
    }
    hint_ = uint32_t(i);
}

// A copy of the `length` bytes from `at`, which lies in piece `i`.
buffer send_buffer::gather(size_t i, seq at, uint32_t length) const {
    buffer all = buffer::allocate(length);
    for (char* to = all.mutable_data(); length > 0; ++i) {
        const piece& p = pieces_[i];
        const uint32_t offset = distance(p.at, at);
        const uint32_t n = std::min(length, p.size - offset);
        std::memcpy(to, p.bytes.data() + offset, n);
        to += n;
        at += n;
        length -= n;
    }
    return all;
}

void send_buffer::clear() noexcept {
    pieces_.clear();
    begin_ = end_;
    hint_ = 0;
}

}  // namespace millrace::tcp
