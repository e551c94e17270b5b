// byte_arena: memory for bytes on their way through a shard's sockets. Many small buffers share one chunk;
// chunks are used again, so that reading and writing allocate nothing once warm.
#pragma once

#include "core/buffer.hh"

#include <cstddef>
#include <span>
#include <vector>

namespace millrace::net {

class byte_arena {
 public:
    static constexpr size_t chunk_size = 64 * 1024;

    // `spare`: how many unused chunks to keep.
    explicit byte_arena(size_t spare);
    byte_arena(const byte_arena&) = delete;
    byte_arena& operator=(const byte_arena&) = delete;
    // Buffers may outlive it.
    ~byte_arena();

    // Room to write into, at least this much (up to chunk_size), and as much as there is in one piece.
    std::span<char> room(size_t at_least);
    // The first n bytes of what room() returned.
    buffer take(size_t n) noexcept;
    // Copies bytes to the back of `out`, growing its last buffer if that ends where the arena's room begins.
    void append_copy(std::string_view bytes, std::vector<buffer>& out);

 private:
    struct chunk;
    struct pool;

    void let_go() noexcept;

    pool* pool_;
    chunk* current_ = nullptr;  // holds a reference of ours
    size_t used_ = 0;           // of the current chunk
};

}  // namespace millrace::net
