// Fetching memory ahead of its use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

// Begins to bring the cache line of `at` near, and returns at once; any address will do. To g++ 12 a function
// that does nothing but this has no effect, and it leaves calls of it out: the empty statement is an effect.
[[gnu::always_inline]] inline void prefetch(const void* at) noexcept {
    __builtin_prefetch(at);
    asm volatile("");
}

// The same of each line of `bytes` from `at`.
[[gnu::always_inline]] inline void prefetch(const void* at, size_t bytes) noexcept {
    const auto begin =
        reinterpret_cast<uintptr_t>(at);  // any: no pointer may be moved that points to nothing
    for (size_t line = 0; line < bytes; line += 64) prefetch(reinterpret_cast<const void*>(begin + line));
}

}  // namespace millrace
