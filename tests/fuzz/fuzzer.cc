// libFuzzer's entry: the target is the one that MILLRACE_FUZZ_TARGET names (./dev fuzz).
#include "core/log.hh"
#include "tests/fuzz/target.hh"

#include <cstdio>
#include <cstdlib>

namespace {

const millrace::fuzz::target& chosen() {
    const char* const name = std::getenv("MILLRACE_FUZZ_TARGET");
    if (const auto* t = name ? millrace::fuzz::find_target(name) : nullptr) return *t;
    std::fputs("MILLRACE_FUZZ_TARGET names none of:", stderr);
    for (const auto& t : millrace::fuzz::all_targets())
        std::fprintf(stderr, " %.*s", int(t.name.size()), t.name.data());
    std::fputs("\n", stderr);
    std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    millrace::set_log_levels("error");
    (void)chosen();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const millrace::fuzz::target& target = chosen();
    if (size > target.longest) return -1;  // not to be kept
    target.run({data, size});
    return 0;
}
