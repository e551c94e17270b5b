#include "net/memory_budget.hh"

namespace millrace::net {
namespace {

struct share {
    unsigned percent;  // of the limit
    std::string_view name;
};

// By memory_use.
constexpr std::array<share, memory_uses> shares = {{
    {50, "fragments"},
    {50, "unresolved"},
    {60, "datagrams"},
    {60, "out_of_order"},
    {70, "time_wait"},
    {75, "half_open"},
    {80, "connections"},
    {90, "unacknowledged"},
    {100, "unread"},
}};

}  // namespace

std::string_view to_string(memory_use u) noexcept {
    return shares[size_t(u)].name;
}

memory_budget::memory_budget(uint64_t limit) noexcept : tight_(limit / 2) {
    for (size_t i = 0; i < memory_uses; ++i) ceilings_[i] = limit / 100 * shares[i].percent;
    ceilings_.back() = limit;
}

}  // namespace millrace::net
