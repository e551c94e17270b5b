#include "core/memory/stack.hh"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <system_error>

namespace millrace {

namespace {

constexpr size_t guard_bytes = 4096;

void unmap(char* bottom) noexcept {
    ::munmap(bottom - guard_bytes, guard_bytes + stack::size_bytes);
}

char* map() {
    void* whole = ::mmap(nullptr, guard_bytes + stack::size_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (whole == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mapping a stack");
    char* bottom = static_cast<char*>(whole) + guard_bytes;
    if (::mprotect(whole, guard_bytes, PROT_NONE) != 0) {
        int why = errno;
        unmap(bottom);
        throw std::system_error(why, std::system_category(), "protecting the end of a stack");
    }
    return bottom;
}

// Stacks of a thread that are free, each linked by its topmost bytes, which have been touched already.
[[gnu::tls_model("initial-exec")]] constinit thread_local char* first_free = nullptr;
[[gnu::tls_model("initial-exec")]] constinit thread_local size_t room = 0;  // for more of them

char* link_place(char* bottom) noexcept {
    return bottom + stack::size_bytes - sizeof(char*);
}

char* take_free() noexcept {
    char* bottom = first_free;
    std::memcpy(&first_free, link_place(bottom), sizeof first_free);
    ++room;
    return bottom;
}

void keep(char* bottom) noexcept {
    std::memcpy(link_place(bottom), &first_free, sizeof first_free);
    first_free = bottom;
    --room;
}

// Makes room at the first stack to keep, and unmaps all when the thread ends. What is returned later still
// finds no room.
struct closer {
    closer() noexcept { room = stack::kept; }
    ~closer() {
        while (first_free) unmap(take_free());
        room = 0;
        closed = true;
    }
    static inline thread_local bool closed = false;
};

void keep_first_or_unmap(char* bottom) noexcept {
    if (!closer::closed) {
        static thread_local closer opens_now_and_closes_at_exit;
        if (room > 0) return keep(bottom);
    }
    unmap(bottom);
}

}  // namespace

stack::stack() : bottom_(first_free ? take_free() : map()) {}

stack::~stack() {
    if (room > 0)
        keep(bottom_);
    else
        keep_first_or_unmap(bottom_);
}

}  // namespace millrace
