// What millrace-perf measures, and how.
#pragma once

#include "core/time.hh"
#include "net/endpoint.hh"

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {
class config_schema;
}

namespace millrace::perf {

enum class workload : uint8_t {
    rr,     // send a message, wait until as many bytes came back, again
    crr,    // connect, rr once, close, again
    read,   // the server sends, as fast as it can be read
    write,  // the client sends, as fast as it is taken
    rw,     // both at once
};

std::string_view name_of(workload w) noexcept;

struct settings {
    std::string mode = "client";
    std::string workload_name = "rr";
    std::string server_text = "";
    unsigned connections = 1;
    uint64_t message = 64;
    duration run_time = std::chrono::seconds(5);
    duration warm_up = std::chrono::milliseconds(500);
    duration connect_timeout = std::chrono::seconds(5);
    duration grace = std::chrono::seconds(2);
    bool json = false;
    bool check = true;

    // Set by declare()'s rules from the texts.
    workload what = workload::rr;
    net::endpoint server;
    bool is_server() const noexcept { return mode == "server"; }
};

// Adds the settings to a schema that parses into `s`.
void declare(config_schema& schema, settings& s);

}  // namespace millrace::perf
