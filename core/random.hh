// Random numbers that repeat from their seed on every machine. Not for secrets that a peer must not guess.
#pragma once

#include <cstdint>
#include <random>

namespace millrace {

class random {
 public:
    explicit random(uint64_t seed) : engine_(seed) {}

    uint64_t next() noexcept { return engine_(); }

    // Uniform in [0, n); 0 if n is 0. Without bias (Lemire, "Fast random integer generation in an interval").
    uint64_t below(uint64_t n) noexcept {
        unsigned __int128 product = static_cast<unsigned __int128>(next()) * n;
        if (uint64_t(product) < n) {
            const uint64_t unfair = (0 - n) % n;
            while (uint64_t(product) < unfair) product = static_cast<unsigned __int128>(next()) * n;
        }
        return uint64_t(product >> 64);
    }

    // Uniform in [0, 1).
    double unit() noexcept { return double(next() >> 11) * 0x1.0p-53; }

    // True with probability p.
    bool chance(double p) noexcept { return unit() < p; }

 private:
    std::mt19937_64 engine_;
};

}  // namespace millrace
