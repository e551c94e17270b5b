// The bytes that perf sends: both ends can tell what stands at any place of a stream.
#pragma once

#include "core/buffer.hh"

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::perf {

// A stream of bytes that repeats after a prime number of them, so that lost, repeated or moved segments show.
class pattern {
 public:
    static constexpr size_t period = 65'521;

    // Views of up to `longest` bytes can be had from anywhere.
    explicit pattern(size_t longest);

    // The bytes from `place` on. Of memory that lives as long as the pattern.
    std::string_view at(uint64_t place, size_t bytes) const noexcept {
        return {bytes_.data() + place % period, bytes};
    }
    // Whether these are the bytes from `place` on; any number of them.
    bool matches(uint64_t place, std::string_view bytes) const noexcept;

 private:
    std::vector<char> bytes_;
    size_t longest_;
};

}  // namespace millrace::perf
