// runner: plays a packet script against our stack, in virtual time.
#pragma once

#include "tcp/native_network.hh"
#include "tests/packet_script/script.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::packet_script {

enum class verdict : uint8_t { passed, failed, unsupported };

struct report {
    verdict result = verdict::passed;
    unsigned line = 0;  // where it failed, or what is not supported
    std::string reason{};
    std::vector<std::string> notices{};  // what was skipped or read loosely
    std::vector<std::string> packets{};  // all that crossed the wire: "0.100210 < S 0:0(0) win 1000"
};

// Never throws: a script that cannot be read has failed, one that asks for more than there is is unsupported.
// `flags` are taken as if they stood last at the top of the script.
report run(std::string_view text, const std::vector<std::pair<std::string, std::string>>& flags = {});

}  // namespace millrace::packet_script
