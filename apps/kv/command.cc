#include "apps/kv/command.hh"

#include "apps/kv/connection_commands.hh"
#include "apps/kv/key_commands.hh"
#include "apps/kv/string_commands.hh"

#include <array>

namespace millrace::kv {

namespace {

constexpr command on_key(std::string_view name, int arity, bool adds_data,
                         void (*run)(execution&, arguments)) {
    return {.name = name, .arity = arity, .where = route::key, .adds_data = adds_data, .run = run};
}
constexpr command in_pieces(std::string_view name, int arity, route where, bool adds_data,
                            combination combine, int64_t (*piece)(execution&, std::string_view)) {
    return {name, arity, where, adds_data, combine, nullptr, piece, nullptr};
}
constexpr command on_connection(std::string_view name, int arity, void (*call)(connection_call&, arguments)) {
    return {.name = name, .arity = arity, .where = route::here, .adds_data = false, .call = call};
}
constexpr command gathered(std::string_view name, int arity) {
    return {.name = name, .arity = arity, .where = route::gathered, .adds_data = false};
}

constexpr command commands[] = {
    on_key("get", 2, false, run_get),
    on_key("set", -3, true, run_set),
    on_key("incr", 2, true, run_incr),
    on_key("decr", 2, true, run_decr),
    on_key("incrby", 3, true, run_incrby),
    on_key("decrby", 3, true, run_decrby),
    on_key("append", 3, true, run_append),
    on_key("strlen", 2, false, run_strlen),
    on_key("expire", -3, false, run_expire),
    on_key("pexpire", -3, false, run_pexpire),
    on_key("ttl", 2, false, run_ttl),
    on_key("pttl", 2, false, run_pttl),
    on_key("persist", 2, false, run_persist),
    on_key("type", 2, false, run_type),
    in_pieces("del", -2, route::keys, false, combination::sum, del_piece),
    in_pieces("unlink", -2, route::keys, false, combination::sum, del_piece),
    in_pieces("exists", -2, route::keys, false, combination::sum, exists_piece),
    in_pieces("mget", -2, route::keys, false, combination::in_order, mget_piece),
    in_pieces("mset", -3, route::pairs, true, combination::all_done, mset_piece),
    in_pieces("dbsize", 1, route::everywhere, false, combination::sum, dbsize_piece),
    in_pieces("flushall", -1, route::everywhere, false, combination::all_done, flush_piece),
    in_pieces("flushdb", -1, route::everywhere, false, combination::all_done, flush_piece),
    on_connection("ping", -1, run_ping),
    on_connection("echo", 2, run_echo),
    on_connection("select", 2, run_select),
    on_connection("hello", -1, run_hello),
    on_connection("quit", -1, run_quit),
    on_connection("command", -1, run_command),
    on_connection("config", -2, run_config),
    on_connection("client", -2, run_client),
    gathered("info", -1),
};

// A name of up to 8 letters as one number, its case ignored: only letters become capital letters by losing
// this bit.
constexpr uint64_t packed(std::string_view name) noexcept {
    uint64_t word = 0;
    for (char c : name) word = word << 8 | (uint8_t(c) & 0xdf);
    return word;
}

constexpr size_t index_size = 128;

constexpr size_t place_of(uint64_t word) noexcept {
    return (word * 0x9e3779b97f4a7c15) >> 57;
}

struct entry {
    uint64_t word = 0;
    const command* what = nullptr;
};

// Open addressing: a name is at its place or in one of the next, before an empty one.
constexpr auto index_of_names = [] {
    std::array<entry, index_size> index{};
    for (const auto& c : commands) {
        size_t i = place_of(packed(c.name));
        while (index[i].what) i = (i + 1) % index_size;
        index[i] = {packed(c.name), &c};
    }
    return index;
}();

}  // namespace

const command* find_command(std::string_view name) noexcept {
    if (name.empty() || name.size() > sizeof(uint64_t)) return nullptr;
    uint64_t word = packed(name);
    // The length, too: blanks lose the same bit and leave nothing, so that " get" is packed like "get".
    for (size_t i = place_of(word); index_of_names[i].what; i = (i + 1) % index_size)
        if (index_of_names[i].word == word && index_of_names[i].what->name.size() == name.size())
            return index_of_names[i].what;
    return nullptr;
}

std::span<const command> all_commands() noexcept {
    return commands;
}

}  // namespace millrace::kv
