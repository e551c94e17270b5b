// Commands that concern the connection or the server, and need no key.
#pragma once

#include "apps/kv/command.hh"

#include <string>
#include <string_view>

namespace millrace::kv {

void run_ping(connection_call& c, arguments args);
void run_echo(connection_call& c, arguments args);
void run_select(connection_call& c, arguments args);
void run_hello(connection_call& c, arguments args);
void run_quit(connection_call& c, arguments args);
void run_command(connection_call& c, arguments args);
void run_config(connection_call& c, arguments args);
// CLIENT LIST is not among its tasks: see report.hh.
void run_client(connection_call& c, arguments args);

// Redis's glob patterns: * ? [a-z] [^a] \x; letters match in any case.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

}  // namespace millrace::kv
