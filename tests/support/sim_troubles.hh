// What a seed may draw for a simulated transfer, by the names under which it can be left out of it.
#pragma once

#include "net/simulation.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::test {

enum class trouble : uint8_t { jitter, loss, reorder, duplicate, corrupt, marks, rate, ecn, pacing, memory };

inline constexpr std::array<std::string_view, 10> trouble_names = {
    "jitter", "loss", "reorder", "duplicate", "corrupt", "marks", "rate", "ecn", "pacing", "memory"};

class trouble_set {
 public:
    constexpr bool has(trouble t) const noexcept { return (bits_ >> unsigned(t) & 1) != 0; }
    constexpr trouble_set with(trouble t) const noexcept {
        trouble_set s = *this;
        s.bits_ = uint16_t(s.bits_ | 1u << unsigned(t));
        return s;
    }
    // Names with commas between them, and back; nothing if one is none.
    std::string to_string() const;
    static std::optional<trouble_set> parse(std::string_view names);

    friend bool operator==(trouble_set, trouble_set) noexcept = default;

 private:
    uint16_t bits_ = 0;
};

// What a wire does without these.
void leave_out(trouble_set t, net::wire_options& from) noexcept;

}  // namespace millrace::test
