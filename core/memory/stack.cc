#include "core/memory/stack.hh"

#include <cerrno>
#include <sys/mman.h>
#include <system_error>
#include <vector>

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

struct stack_cache {
    stack_cache() { free.reserve(stack::kept); }
    ~stack_cache() {
        for (char* bottom : free) unmap(bottom);
    }
    std::vector<char*> free;
};
thread_local stack_cache cache;

}  // namespace

stack::stack() {
    if (cache.free.empty()) {
        bottom_ = map();
    } else {
        bottom_ = cache.free.back();
        cache.free.pop_back();
    }
}

stack::~stack() {
    if (cache.free.size() < kept)
        cache.free.push_back(bottom_);
    else
        unmap(bottom_);
}

}  // namespace millrace
