#include "core/smp/slab_heap.hh"

#include "core/check.hh"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace millrace {
namespace {

constexpr size_t line = 64;
constexpr size_t classes = 67;                        // of multiples of a line
constexpr size_t reserved_bytes = size_t(256) << 30;  // of addresses: no memory
constexpr size_t reserved_pieces = reserved_bytes / slab_heap::piece_bytes;

struct piece;

// The pieces of a thread that have free blocks, by the size of those.
struct owner {
    std::array<piece*, classes> open{};
};

// The head of a piece; its blocks follow.
struct alignas(line) piece {
    owner* of;
    uint32_t block_bytes;
    uint32_t out = 0;
    void* free = nullptr;  // blocks that came back
    char* fresh;           // the first that never was out
    piece* before = nullptr;
    piece* after = nullptr;

    piece(owner* o, size_t bytes) noexcept
        : of(o), block_bytes(uint32_t(bytes)), fresh(reinterpret_cast<char*>(this + 1)) {}
    char* end() noexcept { return reinterpret_cast<char*>(this) + slab_heap::piece_bytes; }
    bool has_room() noexcept { return free || size_t(end() - fresh) >= block_bytes; }
    piece*& list() noexcept { return of->open[block_bytes / line]; }
    void open() noexcept {
        before = nullptr;
        after = std::exchange(list(), this);
        if (after) after->before = this;
    }
    void close() noexcept {
        (before ? before->after : list()) = after;
        if (after) after->before = before;
    }
    void* take() noexcept {
        ++out;
        if (free) return std::exchange(free, *static_cast<void**>(free));
        return std::exchange(fresh, fresh + block_bytes);
    }
};

struct heap {
    std::mutex lock;
    char* begin = nullptr;  // of the reserved addresses
    bool refused = false;   // there are none
    size_t used = 0;        // pieces that were ever in use
    std::vector<piece*> idle;
    std::vector<std::unique_ptr<owner>> owners;
    std::vector<owner*> orphaned;  // of threads that are gone: for those to come
    size_t pieces = 0;
    size_t bytes_out = 0;
};

// Never destroyed: blocks come back until the very end of the process.
heap& shared() noexcept {
    alignas(heap) static char memory[sizeof(heap)];
    static heap* const made = new (memory) heap;
    return *made;
}
// Where it begins, for those who ask without the lock.
std::atomic<uintptr_t> first_address{0};

// What a thread owns outlives it.
struct membership {
    owner* mine = nullptr;
    ~membership() {
        if (!mine) return;
        const std::lock_guard guard(shared().lock);
        shared().orphaned.push_back(std::exchange(mine, nullptr));
    }
};
thread_local membership member;

// Null if there is no memory for it. Room is made for what may have to be put down when there is none.
owner* mine(heap& h) noexcept {
    if (member.mine) return member.mine;
    if (h.orphaned.empty()) {
        try {
            h.orphaned.reserve(h.owners.size() + 1);
            h.owners.push_back(std::make_unique<owner>());
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        return member.mine = h.owners.back().get();
    }
    member.mine = h.orphaned.back();
    h.orphaned.pop_back();
    return member.mine;
}

bool reserve(heap& h) noexcept {
    if (h.begin) return true;
    if (h.refused) return false;
    void* at = ::mmap(nullptr, reserved_bytes + slab_heap::piece_bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    h.refused = at == MAP_FAILED;
    if (h.refused) return false;
    const auto odd = reinterpret_cast<uintptr_t>(at) % slab_heap::piece_bytes;
    h.begin = static_cast<char*>(at) + (odd ? slab_heap::piece_bytes - odd : 0);
    first_address.store(reinterpret_cast<uintptr_t>(h.begin), std::memory_order_release);
    return true;
}

// Memory for a piece; null if there is none.
void* new_piece(heap& h) noexcept {
    if (!h.idle.empty()) {
        piece* p = h.idle.back();
        h.idle.pop_back();
        return p;
    }
    if (!reserve(h) || h.used == reserved_pieces) return nullptr;
    try {
        if (h.idle.capacity() <= h.used) h.idle.reserve(2 * h.used + 16);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    char* at = h.begin + h.used * slab_heap::piece_bytes;
    if (::mprotect(at, slab_heap::piece_bytes, PROT_READ | PROT_WRITE) != 0) return nullptr;
    ++h.used;
    ::madvise(at, slab_heap::piece_bytes, MADV_HUGEPAGE);  // a wish: without, it is only slower
    return at;
}

// All its blocks are back. The last one of its kind stays, for who takes and gives in turn.
void release_if_spare(heap& h, piece* p) {
    if (!p->before && !p->after) return;
    p->close();
    h.idle.push_back(p);
    --h.pieces;
    ::madvise(p, slab_heap::piece_bytes, MADV_DONTNEED);
}

}  // namespace

void* slab_heap::take(size_t bytes, size_t count) noexcept {
    CHECK(bytes % line == 0 && bytes / line < classes);
    heap& h = shared();
    const std::lock_guard guard(h.lock);
    owner* o = mine(h);
    void* chain = nullptr;
    while (o && count > 0) {
        piece* p = o->open[bytes / line];
        if (!p) {
            void* memory = new_piece(h);
            if (!memory) break;
            p = new (memory) piece(o, bytes);
            p->open();
            ++h.pieces;
        }
        for (; count > 0 && p->has_room(); --count) {
            void* block = p->take();
            *static_cast<void**>(block) = std::exchange(chain, block);
            h.bytes_out += bytes;
        }
        if (!p->has_room()) p->close();
    }
    return chain;
}

void slab_heap::give_back(void* chain) noexcept {
    heap& h = shared();
    const std::lock_guard guard(h.lock);
    while (void* block = chain) {
        chain = *static_cast<void**>(block);
        auto* p = reinterpret_cast<piece*>(reinterpret_cast<uintptr_t>(block) / piece_bytes * piece_bytes);
        if (!p->has_room()) p->open();
        *static_cast<void**>(block) = std::exchange(p->free, block);
        h.bytes_out -= p->block_bytes;
        CHECK(p->out > 0);
        if (--p->out == 0) release_if_spare(h, p);
    }
}

bool slab_heap::has(const void* block) noexcept {
    const uintptr_t first = first_address.load(std::memory_order_acquire);
    return first != 0 && reinterpret_cast<uintptr_t>(block) - first < reserved_bytes;
}

size_t slab_heap::bytes_out() noexcept {
    const std::lock_guard guard(shared().lock);
    return shared().bytes_out;
}

size_t slab_heap::bytes_held() noexcept {
    const std::lock_guard guard(shared().lock);
    return shared().pieces * piece_bytes;
}

}  // namespace millrace
