// The commands: names, numbers of arguments, and where and how each is run.
#pragma once

#include "apps/kv/command_word.hh"
#include "apps/kv/execution.hh"

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::kv {

class shard_state;
struct client;

// Where a command is run.
enum class route : uint8_t {
    here,        // it concerns the connection only
    key,         // at the shard that owns its one key
    keys,        // a piece for each of its keys, at their shards
    pairs,       // a piece for each key and value
    everywhere,  // a piece at every shard
    gathered,    // the session asks all shards for reports first
};

// What COMMAND says of a command, in Redis's words.
enum class trait : uint8_t { none, reads = 1, writes = 2, adds_data = 4, fast = 8 };
constexpr trait operator|(trait a, trait b) noexcept {
    return trait(uint8_t(a) | uint8_t(b));
}
constexpr bool has(trait all, trait one) noexcept {
    return (uint8_t(all) & uint8_t(one)) != 0;
}

// What becomes of the results of a command's pieces.
enum class combination : uint8_t { sum, all_done, in_order };

// What commands of the connection work on.
struct connection_call {
    shard_state& shard;
    client& who;
    reply_builder& reply;
    time_point now;
};

struct command {
    std::string_view name;  // in lower case, as error messages have it
    int arity;              // with the name; negative: at least so many (Redis)
    route where;
    trait traits;
    combination combine = combination::sum;
    void (*run)(execution&, arguments) = nullptr;                    // route::key
    int64_t (*piece)(execution&, std::string_view value) = nullptr;  // keys, pairs, everywhere
    void (*call)(connection_call&, arguments) = nullptr;             // here

    bool takes(size_t count) const noexcept {
        return count == size_t(arity) || (arity < 0 && count >= size_t(-arity));
    }
    // Refused when memory is full.
    bool adds_data() const noexcept { return has(traits, trait::adds_data); }
};

// The command of this name, in any case; null if there is none.
const command* find_command(command_word name) noexcept;
inline const command* find_command(std::string_view name) noexcept {
    return find_command(command_word(name));
}
std::span<const command> all_commands() noexcept;

}  // namespace millrace::kv
