#include "tests/support/sim_shrink.hh"

#include <fmt/format.h>

#include <utility>

namespace millrace::test {
namespace {

class shrinking {
 public:
    shrinking(uint64_t seed, const transfer_function& run, unsigned most, shrunk_transfer from)
        : seed_(seed), run_(run), most_(most), best_(std::move(from)) {}

    shrunk_transfer result() {
        for (bool smaller = true; smaller;) {
            smaller = fewer_bytes();
            smaller |= fewer_troubles();
        }
        return std::move(best_);
    }

 private:
    // Whether it still fails; then it is the best.
    bool fails(transfer_options o) {
        if (best_.tried >= most_) return false;
        ++best_.tried;
        o.pcap.clear();
        transfer_outcome how = run_(seed_, o);
        if (how.ok()) return false;
        best_.options = std::move(o);
        best_.outcome = std::move(how);
        return true;
    }
    bool fails_with(size_t bytes) {
        transfer_options o = best_.options;
        o.bytes = bytes;
        return fails(std::move(o));
    }

    // From the smallest on, since these take the least time; then between the largest that was too small and
    // the smallest that failed.
    bool fewer_bytes() {
        const size_t before = best_.options.bytes;
        size_t passed = 0;
        for (size_t n = 1; n < before; n *= 4) {
            if (fails_with(n)) break;
            passed = n;
        }
        while (best_.tried < most_ && passed + 1 < best_.options.bytes) {
            const size_t middle = passed + (best_.options.bytes - passed) / 2;
            if (!fails_with(middle)) passed = middle;
        }
        return best_.options.bytes < before;
    }

    bool fewer_troubles() {
        bool fewer = false;
        for (size_t i = 0; i < trouble_names.size(); ++i) {
            if (best_.options.without.has(trouble(i))) continue;
            transfer_options o = best_.options;
            o.without = o.without.with(trouble(i));
            fewer |= fails(std::move(o));
        }
        return fewer;
    }

    uint64_t seed_;
    const transfer_function& run_;
    unsigned most_;
    shrunk_transfer best_;
};

}  // namespace

shrunk_transfer shrink_transfer(uint64_t seed, const transfer_options& failing, const transfer_outcome& how,
                                const transfer_function& run, unsigned most) {
    return shrinking(seed, run, most, {.options = failing, .outcome = how}).result();
}

std::string replay_line(uint64_t seed, const transfer_options& options) {
    const std::string without = options.without.to_string();
    return fmt::format("millrace-sim-seeds --first {} --seeds 1 --bytes {}{}{}{}{} --verbose", seed,
                       options.bytes, options.tso ? "" : " --tso=no",
                       options.device_cuts ? " --device-tso" : "", without.empty() ? "" : " --without ",
                       without);
}

std::string smallest_replay(uint64_t seed, const transfer_options& failing, const transfer_outcome& how) {
    const shrunk_transfer s = shrink_transfer(seed, failing, how);
    return fmt::format("replay, {} frames of {}: {}", s.outcome.frames, how.frames,
                       replay_line(seed, s.options));
}

}  // namespace millrace::test
