// mutator: changes kept inputs here and there, the same ones from the same seed.
#pragma once

#include "core/random.hh"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace millrace::fuzz {

class mutator {
 public:
    // Starts from `kept`, which outlive it; there is at least one.
    mutator(std::span<const std::string> kept, size_t longest, uint64_t seed)
        : kept_(kept), longest_(longest), random_(seed) {}

    std::string next();

 private:
    void mutate(std::string& s);
    std::string noise(size_t size);
    size_t place(const std::string& s) { return random_.below(s.size() + 1); }

    std::span<const std::string> kept_;
    size_t longest_;
    random random_;
};

}  // namespace millrace::fuzz
