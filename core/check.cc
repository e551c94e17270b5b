#include "core/check.hh"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void check_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: this must hold but does not: %s\n", file, line, condition);
    std::abort();
}

}  // namespace millrace
