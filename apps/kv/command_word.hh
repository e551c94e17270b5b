// The name of a command as one number, to be found by one comparison.
#pragma once

#include "apps/kv/bytes.hh"

#include <cstdint>
#include <string_view>

namespace millrace::kv {

// Bytes in the order in which they lie in memory.
constexpr uint64_t word_of(std::string_view bytes) noexcept {
    uint64_t word = 0;
    for (size_t i = bytes.size(); i-- > 0;) word = word << 8 | uint8_t(bytes[i]);
    return word;
}

// Letters are in lower case; none of the name's bytes is zero, and what is no letter does not become one.
class command_word {
 public:
    static constexpr size_t most_bytes = sizeof(uint64_t);

    // Of no command.
    constexpr command_word() noexcept = default;
    // A longer name, or an empty one, is of no command.
    constexpr explicit command_word(std::string_view name) noexcept
        : word_(name.size() - 1 >= most_bytes ? 0 : in_lower_case(word_of(name), name.size())) {}
    // A name of 1 to 8 bytes that ends at `end`, with 8 bytes or more before its end.
    static command_word before(const char* end, size_t bytes) noexcept {
        return command_word(
            in_lower_case(load<uint64_t>(end - most_bytes) >> (8 * (most_bytes - bytes)), bytes));
    }

    constexpr uint64_t value() const noexcept { return word_; }
    constexpr bool operator==(const command_word&) const noexcept = default;

 private:
    constexpr explicit command_word(uint64_t word) noexcept : word_(word) {}
    static constexpr uint64_t in_lower_case(uint64_t word, size_t bytes) noexcept {
        return word | uint64_t(0x2020'2020'2020'2020) >> (8 * (most_bytes - bytes));
    }

    uint64_t word_ = 0;
};

}  // namespace millrace::kv
