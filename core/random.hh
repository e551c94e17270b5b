// Seeded random numbers: the same from one seed on every machine.
#pragma once

#include <cstdint>
#include <random>

namespace millrace {

class random {
 public:
    explicit random(uint64_t seed) : engine_(seed) {}

    uint64_t next() { return engine_(); }
    // 0 to n - 1, each as likely (Lemire, "Fast random integer generation in an interval", 2019); n > 0.
    uint64_t below(uint64_t n) {
        unsigned __int128 product = static_cast<unsigned __int128>(next()) * n;
        if (uint64_t(product) < n) {
            const uint64_t threshold = (0 - n) % n;
            while (uint64_t(product) < threshold) product = static_cast<unsigned __int128>(next()) * n;
        }
        return uint64_t(product >> 64);
    }
    // 0 to 1, without 1.
    double unit() { return double(next() >> 11) * 0x1p-53; }
    // True with probability p. Always draws one number.
    bool chance(double p) { return unit() < p; }

 private:
    // The standard fixes what this engine yields; it does not for its distributions.
    std::mt19937_64 engine_;
};

}  // namespace millrace
