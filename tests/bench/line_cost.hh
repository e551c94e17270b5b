// What lines of memory cost where nothing but they is waited for: a measure for what is done over much of it.
#pragma once

#include "core/cycles.hh"
#include "core/huge_pages.hh"
#include "core/prefetch.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <numeric>
#include <random>
#include <vector>

namespace millrace::test {

// Cycles for each line of `places` objects of `lines` cache lines, visited in random order: those of `ahead`
// objects are on their way while one is written to.
inline double cycles_per_line(size_t places, size_t lines, size_t ahead = 4) {
    constexpr size_t line = 64;
    constexpr size_t least_visits = 200'000;
    const size_t each = lines * line;
    const size_t bytes = places * each;
    std::unique_ptr<char, void (*)(void*)> memory(static_cast<char*>(std::aligned_alloc(line, bytes)),
                                                  std::free);
    if (!memory) throw std::bad_alloc();
    prefer_huge_pages(memory.get(), bytes);
    std::fill_n(memory.get(), bytes, '\1');
    std::vector<uint32_t> order(places);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
    const auto at = [&](size_t i) { return memory.get() + order[i % places] * each; };
    const size_t visits = std::max(places, least_visits);
    const uint64_t before = read_cycles();
    for (size_t i = 0; i < visits; ++i) {
        prefetch(at(i + ahead), each);
        volatile char* now = at(i);
        for (size_t k = 0; k < lines; ++k) now[k * line] = char(now[k * line] + 1);
    }
    return double(read_cycles() - before) / double(visits * lines);
}

}  // namespace millrace::test
