#include "core/huge_pages.hh"

#include <cstdint>
#include <sys/mman.h>

namespace millrace {

void prefer_huge_pages(void* begin, size_t bytes) noexcept {
    constexpr uintptr_t page = 2 << 20;
    const uintptr_t first = (uintptr_t(begin) + page - 1) & ~(page - 1);
    const uintptr_t end = (uintptr_t(begin) + bytes) & ~(page - 1);
    if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace millrace
