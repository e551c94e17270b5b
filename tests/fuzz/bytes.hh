// Bytes in memory that ends where they end, so that a sanitizer sees what reads beyond.
#pragma once

#include "core/buffer.hh"

#include <algorithm>
#include <memory>
#include <string_view>

namespace millrace::fuzz {

inline buffer exact_copy(std::string_view bytes) {
    auto memory = std::make_unique<char[]>(bytes.size());
    std::ranges::copy(bytes, memory.get());
    char* at = memory.get();
    return buffer::with_deleter(at, bytes.size(), [memory = std::move(memory)] {});
}

}  // namespace millrace::fuzz
