// CHECK(condition): a bug of ours ends the process, in release builds too. Never reachable from the wire.
#pragma once

namespace millrace {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace millrace

#define CHECK(condition) \
    (__builtin_expect(!!(condition), 1) ? void(0) : ::millrace::check_failed(#condition, __FILE__, __LINE__))
