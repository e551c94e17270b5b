// How much a test does, by how fast its build is.
#pragma once

#include "core/sanitizer.hh"

namespace millrace::test {

// Sanitizers make the stack ten times slower than without optimisation, which makes it some times slower.
template <typename T>
constexpr T effort(T sanitized, [[maybe_unused]] T plain, [[maybe_unused]] T optimised) {
    if (sanitizer::watches_addresses) return sanitized;
#ifdef __OPTIMIZE__
    return optimised;
#else
    return plain;
#endif
}

}  // namespace millrace::test
