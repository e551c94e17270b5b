#include "apps/kv/settings.hh"

#include "core/config.hh"
#include "core/units.hh"

#include <fmt/format.h>

namespace millrace::kv {

void declare(config_schema& schema, settings& s) {
    using namespace std::chrono_literals;
    constexpr uint64_t gib = 1ull << 30;
    schema.section("Key-value store");
    schema.bytes("max-memory", s.max_memory,
                 "memory of keys and values; above it writes are refused, 0: no limit");
    schema.bytes("max-argument", s.max_argument, "longest argument of a command, and longest value")
        .range(1024, 2 * gib);
    schema.number("max-arguments", s.max_arguments, "most arguments of a command").range(16, 1u << 24);
    schema
        .bytes("max-unfinished", s.max_unfinished,
               "memory of commands not yet complete, of all clients together; a shard has enough for "
               "max-argument")
        .range(1 << 20, 1024 * gib);
    schema.rule([&schema, &s] {
        uint64_t least = least_unfinished(s.max_argument);
        if (schema.was_given("max-unfinished") && s.max_unfinished < least)
            throw config_error(fmt::format("{}: {} is less than one command of max-argument {} may need, {}",
                                           schema.at("max-unfinished"), format_bytes(s.max_unfinished),
                                           format_bytes(s.max_argument), format_bytes(least)));
    });
    schema
        .bytes("max-reply", s.max_reply,
               "replies to one read of a client, from each shard; beyond it, errors stand for values")
        .range(1 << 20, 1024 * gib);
    schema
        .bytes("output-watermark", s.output_watermark, "replies written before more commands of a client run")
        .range(1024, gib);
    schema
        .bytes("max-unsent", s.max_unsent,
               "replies that clients do not take, of all clients together; beyond it, who has the most is "
               "cut off")
        .range(1 << 20, 1024 * gib);
    schema.number("max-clients", s.max_clients, "connections served at once; more are told so and closed")
        .range(1, 1u << 24);
    schema.time("sweep-interval", s.sweep_interval, "between looks for expired keys that nobody asks for")
        .range(1ms, 1h);
    schema.number("sweep-slots", s.sweep_slots, "places of the table looked at each time, by each shard")
        .range(16, 1u << 24);
}

}  // namespace millrace::kv
