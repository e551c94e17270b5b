// Stacks for stackful threads: mapped, with a guard page below, kept for reuse per thread.
#pragma once

#include <cstddef>

namespace millrace {

class stack {
 public:
    // Address space; memory is taken as it is touched.
    static constexpr size_t size_bytes = size_t(256) << 10;
    static constexpr size_t kept = 64;  // of those returned, per thread

    // Throws std::system_error if the system refuses the memory.
    stack();
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;
    ~stack();

    char* bottom() const noexcept { return bottom_; }  // the lowest usable byte
    char* top() const noexcept { return bottom_ + size_bytes; }

 private:
    char* bottom_;
};

}  // namespace millrace
