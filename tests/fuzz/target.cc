#include "tests/fuzz/target.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::fuzz {
namespace {

constexpr std::array targets = {
    target{"segment", run_segment, 256, 20'000},  //
    target{"tables", run_tables, 1024, 3'000},    //
    target{"frames", run_frames, 4096, 1'000},    //
    target{"fragments", run_fragments, 512, 5'000},
    target{"requests", run_requests, 2048, 2'000},    //
    target{"replies", run_replies, 512, 5'000},       //
    target{"config", run_config, 1024, 1'000},        //
    target{"script", run_script, 2048, 2'000},        //
    target{"connection", run_connection, 1024, 500},  //
    target{"world", run_world, 1024, 50},
};

}  // namespace

void require(bool holds, std::string_view what, std::source_location where) {
    if (holds) return;
    const std::string_view path = where.file_name();
    throw broken(fmt::format("{}:{}: {}", path.substr(path.rfind('/') + 1), where.line(), what));
}

std::span<const target> all_targets() noexcept {
    return targets;
}

const target* find_target(std::string_view name) noexcept {
    const auto found = std::ranges::find(targets, name, &target::name);
    return found == targets.end() ? nullptr : &*found;
}

}  // namespace millrace::fuzz
