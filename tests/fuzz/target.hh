// What is fuzzed: functions of bytes that throw, or crash, on what must never be. They are run by libFuzzer
// (fuzzer.cc, ./dev fuzz) and, over the inputs that were kept and mutations of them, by every run of the
// tests (replay_test.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace millrace::fuzz {

// Something that holds for every input does not hold for this one.
class broken : public std::runtime_error {
    using runtime_error::runtime_error;
};
void require(bool holds, std::string_view what, std::source_location where = std::source_location::current());

struct target {
    std::string_view name;  // and its folder below corpus/
    void (*run)(std::span<const uint8_t> bytes);
    size_t longest;      // bytes of an input
    unsigned mutations;  // of kept inputs, in each run of the tests: seconds at most, with sanitizers
};

std::span<const target> all_targets() noexcept;
// Null if there is none of this name.
const target* find_target(std::string_view name) noexcept;

// One for each file of this folder; what they want to be true is said there.
void run_segment(std::span<const uint8_t> bytes);
void run_tables(std::span<const uint8_t> bytes);
void run_frames(std::span<const uint8_t> bytes);
void run_fragments(std::span<const uint8_t> bytes);
void run_requests(std::span<const uint8_t> bytes);
void run_replies(std::span<const uint8_t> bytes);
void run_config(std::span<const uint8_t> bytes);
void run_script(std::span<const uint8_t> bytes);
void run_connection(std::span<const uint8_t> bytes);
void run_world(std::span<const uint8_t> bytes);

}  // namespace millrace::fuzz
