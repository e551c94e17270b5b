// The assertions of a packet script: assert tcpi_snd_cwnd == 10 and tcpi_unacked < 5, tcpi_snd_cwnd
#pragma once

#include "tcp/state.hh"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::packet_script {

// The value of a name; none if there is no such name.
using name_lookup = std::function<std::optional<int64_t>(std::string_view)>;

// Runs the assertions of one %{ }%: the first that fails, as text; none if all hold. Throws script_error for
// code that is more than assertions.
std::optional<std::string> first_failure(std::string_view code, unsigned line, const name_lookup& names);

// What Linux's struct tcp_info calls it: tcpi_snd_cwnd in segments, tcpi_rtt in microseconds, ... and the
// constants that scripts compare with.
std::optional<int64_t> tcp_info_value(const tcp::connection_info& i, std::string_view name);

}  // namespace millrace::packet_script
