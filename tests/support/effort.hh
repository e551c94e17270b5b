// How much a test does, by how fast its build is. `./dev test` builds with sanitizers, `./dev check` a plain
// one; who runs the tests of a release has them in full.
#pragma once

#include "core/sanitizer.hh"

namespace millrace::test {

// Without optimisation the stack is several times slower, and under sanitizers ten times slower than that.
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
