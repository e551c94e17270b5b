// Counts calls of the global operator new in this program, and the bytes that it has given out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::test {

uint64_t allocations() noexcept;

// Given out by this thread and not given back, by the sizes that the heap makes of what is asked for.
size_t allocated_bytes() noexcept;

// Allocations during f().
template <typename F>
uint64_t allocations_of(F&& f) {
    uint64_t before = allocations();
    f();
    return allocations() - before;
}

// Allocations of at least so many bytes fail on this thread as long as this is there.
class failing_allocations {
 public:
    explicit failing_allocations(size_t from) noexcept;
    failing_allocations(const failing_allocations&) = delete;
    failing_allocations& operator=(const failing_allocations&) = delete;
    ~failing_allocations();
};

}  // namespace millrace::test
