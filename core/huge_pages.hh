// Large pages of the kernel's, for tables that are looked up at random: of small pages the processor
// remembers where a few thousand are, and a look-up in any other waits for its page as well as for its line.
#pragma once

#include <cstddef>

namespace millrace {

// Asks for large pages wherever whole ones lie within [begin, begin + bytes), before these are touched. Where
// the kernel has none to give, nothing changes but speed. Any thread.
void prefer_huge_pages(void* begin, size_t bytes) noexcept;

}  // namespace millrace
