#include "apps/kv/command.hh"

#include "apps/kv/connection_commands.hh"
#include "apps/kv/key_commands.hh"
#include "apps/kv/string_commands.hh"

#include <array>

namespace millrace::kv {

namespace {

constexpr command on_key(std::string_view name, int arity, trait traits, void (*run)(execution&, arguments)) {
    return {.name = name, .arity = arity, .where = route::key, .traits = traits, .run = run};
}
constexpr command in_pieces(std::string_view name, int arity, route where, trait traits, combination combine,
                            int64_t (*piece)(execution&, std::string_view)) {
    return {name, arity, where, traits, combine, nullptr, piece, nullptr};
}
constexpr command on_connection(std::string_view name, int arity, trait traits,
                                void (*call)(connection_call&, arguments)) {
    return {.name = name, .arity = arity, .where = route::here, .traits = traits, .call = call};
}
constexpr command gathered(std::string_view name, int arity) {
    return {.name = name, .arity = arity, .where = route::gathered, .traits = trait::none};
}

constexpr trait reads = trait::reads | trait::fast;
constexpr trait changes = trait::writes | trait::fast;
constexpr trait adds = trait::writes | trait::adds_data;
constexpr trait adds_fast = adds | trait::fast;

constexpr command commands[] = {
    on_key("get", 2, reads, run_get),
    on_key("set", -3, adds, run_set),
    on_key("incr", 2, adds_fast, run_incr),
    on_key("decr", 2, adds_fast, run_decr),
    on_key("incrby", 3, adds_fast, run_incrby),
    on_key("decrby", 3, adds_fast, run_decrby),
    on_key("append", 3, adds_fast, run_append),
    on_key("strlen", 2, reads, run_strlen),
    on_key("expire", -3, changes, run_expire),
    on_key("pexpire", -3, changes, run_pexpire),
    on_key("ttl", 2, reads, run_ttl),
    on_key("pttl", 2, reads, run_pttl),
    on_key("persist", 2, changes, run_persist),
    on_key("type", 2, reads, run_type),
    in_pieces("del", -2, route::keys, trait::writes, combination::sum, del_piece),
    in_pieces("unlink", -2, route::keys, changes, combination::sum, del_piece),
    in_pieces("exists", -2, route::keys, reads, combination::sum, exists_piece),
    in_pieces("mget", -2, route::keys, reads, combination::in_order, mget_piece),
    in_pieces("mset", -3, route::pairs, adds, combination::all_done, mset_piece),
    in_pieces("dbsize", 1, route::everywhere, reads, combination::sum, dbsize_piece),
    in_pieces("flushall", -1, route::everywhere, trait::writes, combination::all_done, flush_piece),
    in_pieces("flushdb", -1, route::everywhere, trait::writes, combination::all_done, flush_piece),
    on_connection("ping", -1, trait::fast, run_ping),
    on_connection("echo", 2, trait::fast, run_echo),
    on_connection("select", 2, trait::fast, run_select),
    on_connection("hello", -1, trait::fast, run_hello),
    on_connection("quit", -1, trait::fast, run_quit),
    on_connection("command", -1, trait::none, run_command),
    on_connection("config", -2, trait::none, run_config),
    on_connection("client", -2, trait::none, run_client),
    gathered("info", -1),
};

constexpr unsigned index_bits = 7;

constexpr size_t place_of(command_word name, uint64_t factor) noexcept {
    return (name.value() * factor) >> (64 - index_bits);
}

struct entry {
    command_word name;
    const command* what = nullptr;
};

struct name_index {
    uint64_t factor = 0x9e3779b97f4a7c15;
    std::array<entry, 1 << index_bits> entries{};

    constexpr bool fill() {
        entries = {};
        for (const auto& c : commands) {
            const command_word name(c.name);
            entry& e = entries[place_of(name, factor)];
            if (e.what) return false;
            e = {name, &c};
        }
        return true;
    }
};

// Perfect: the factor gives each name a place of its own.
constexpr auto index_of_names = [] {
    name_index index;
    while (!index.fill()) index.factor += 0x6a09e667f3bcc908;
    return index;
}();

}  // namespace

const command* find_command(command_word name) noexcept {
    const entry& e = index_of_names.entries[place_of(name, index_of_names.factor)];
    return e.name == name ? e.what : nullptr;
}

std::span<const command> all_commands() noexcept {
    return commands;
}

}  // namespace millrace::kv
