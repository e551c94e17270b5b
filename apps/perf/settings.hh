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
    rr,        // send a message, wait until as many bytes came back, again
    crr,       // connect, rr once, close, again
    read,      // the server sends, as fast as it can be read
    write,     // the client sends, as fast as it is taken
    rw,        // both at once
    resp_get,  // GET a key of a Redis server, some at a time; a share of SETs among them
    resp_set,  // SET
};

std::string_view name_of(workload w) noexcept;

struct settings {
    std::string mode = "client";
    std::string workload_name = "rr";
    std::string server_text = "";
    unsigned connections = 1;
    uint64_t message = 64;
    uint64_t keys = 100'000;
    uint64_t value = 3;
    unsigned pipeline = 1;
    unsigned mix = 100;
    bool preload = true;
    uint64_t rate = 0;
    uint64_t requests = 0;
    duration run_time = std::chrono::seconds(5);
    duration warm_up = std::chrono::milliseconds(500);
    duration connect_timeout = std::chrono::seconds(5);
    duration grace = std::chrono::seconds(2);
    unsigned server_pid = 0;
    bool progress = false;
    bool json = false;
    bool check = true;
    bool self = false;
    bool virtual_time = false;  // with `self`

    // Set by declare()'s rules from the texts.
    workload what = workload::rr;
    net::endpoint server;

    bool is_server() const noexcept { return mode == "server"; }
    bool is_resp() const noexcept { return what == workload::resp_get || what == workload::resp_set; }
    bool is_stream() const noexcept { return what >= workload::read && what <= workload::rw; }
    bool is_open_loop() const noexcept { return rate != 0; }
    bool is_counted() const noexcept { return requests != 0; }
    // Requests that a connection sends at once.
    unsigned batch() const noexcept { return is_resp() ? pipeline : 1; }
    // In 100 requests.
    unsigned gets() const noexcept { return what == workload::resp_set ? 0 : mix; }
};

// Adds the settings to a schema that parses into `s`. With `self` there is no server elsewhere.
void declare(config_schema& schema, settings& s, bool self = false);

// What cannot be done on so many shards: throws config_error.
void check_shares(const settings& s, unsigned shards);

}  // namespace millrace::perf
