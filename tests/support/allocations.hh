// Counts calls of the global operator new in this program.
#pragma once

#include <cstddef>
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

// Allocations of at least so many bytes fail on this thread as long as this is there.
class failing_allocations {
 public:
    explicit failing_allocations(size_t from) noexcept;
    failing_allocations(const failing_allocations&) = delete;
    failing_allocations& operator=(const failing_allocations&) = delete;
    ~failing_allocations();
};

}  // namespace millrace::test
