// Counts calls of the global operator new in this program.
#pragma once

#include <cstdint>

namespace millrace::test {

uint64_t allocations() noexcept;

// Allocations during f().
template <typename F>
uint64_t allocations_of(F&& f) {
    uint64_t before = allocations();
    f();
    return allocations() - before;
}

}  // namespace millrace::test
