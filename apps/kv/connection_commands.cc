#include "apps/kv/connection_commands.hh"

#include "apps/kv/shard_state.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <utility>
#include <vector>

namespace millrace::kv {

namespace {

constexpr size_t longest_client_text = 256;  // of a name set by CLIENT
constexpr size_t longest_pattern = 256;      // each is matched in time of its length by that of the name

void wrong_count(reply_builder& reply, std::string_view name) {
    reply.error(fmt::format("ERR wrong number of arguments for '{}' command", name));
}

void unknown_subcommand(reply_builder& reply, std::string_view name, std::string_view given) {
    reply.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", given.substr(0, 128), name));
}

bool wants_help(arguments args) {
    return args.size() == 2 && is_word(args[1], "HELP");
}

// `lines`: each subcommand, and what it does.
void reply_help(reply_builder& reply, std::string_view name, std::initializer_list<std::string_view> lines) {
    reply.array(lines.size() + 3);
    reply.simple(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name));
    for (std::string_view line : lines) reply.simple(line);
    reply.simple("HELP");
    reply.simple("    Print this help.");
}

}  // namespace

void run_ping(connection_call& c, arguments args) {
    if (args.size() > 2) return wrong_count(c.reply, "ping");
    if (args.size() == 2)
        c.reply.bulk(args[1]);
    else
        c.reply.raw("+PONG\r\n");
}

void run_echo(connection_call& c, arguments args) {
    c.reply.bulk(args[1]);
}

void run_select(connection_call& c, arguments args) {
    auto number = parse_integer(args[1]);
    if (!number) return c.reply.error("ERR invalid DB index");
    if (*number != 0) return c.reply.error("ERR DB index is out of range");
    c.reply.ok();
}

void run_hello(connection_call& c, arguments args) {
    if (args.size() > 1) {
        auto protocol = parse_integer(args[1]);
        if (!protocol) return c.reply.error("ERR Protocol version is not an integer or out of range");
        if (*protocol != 2) return c.reply.error("NOPROTO unsupported protocol version");
        if (args.size() > 2) return c.reply.error("ERR Syntax error in HELLO option");
    }
    c.reply.array(14);
    for (std::string_view text : {"server", "redis", "version", "6.2.0", "proto"}) c.reply.bulk(text);
    c.reply.integer(2);
    c.reply.bulk("id");
    c.reply.integer(int64_t(c.who.id));
    for (std::string_view text : {"mode", "standalone", "role", "master", "modules"}) c.reply.bulk(text);
    c.reply.array(0);
}

void run_quit(connection_call& c, arguments) {
    c.reply.ok();
}

namespace {

// The first key, the last and the step between them, as COMMAND shows them.
struct key_positions {
    int first, last, step;
};
key_positions positions_of(const command& c) {
    switch (c.where) {
        case route::key:
            return {1, 1, 1};
        case route::keys:
            return {1, -1, 1};
        case route::pairs:
            return {1, -1, 2};
        case route::here:
        case route::everywhere:
        case route::gathered:
            break;
    }
    return {0, 0, 0};
}

void describe(reply_builder& reply, const command& c) {
    reply.array(6);
    reply.bulk(c.name);
    reply.integer(c.arity);
    constexpr std::pair<trait, std::string_view> words[] = {{trait::reads, "readonly"},
                                                            {trait::writes, "write"},
                                                            {trait::adds_data, "denyoom"},
                                                            {trait::fast, "fast"}};
    auto is_told = [&](auto& word) { return has(c.traits, word.first); };
    reply.array(size_t(std::count_if(std::begin(words), std::end(words), is_told)));
    for (const auto& word : words)
        if (is_told(word)) reply.simple(word.second);
    auto keys = positions_of(c);
    reply.integer(keys.first);
    reply.integer(keys.last);
    reply.integer(keys.step);
}

}  // namespace

void run_command(connection_call& c, arguments args) {
    if (args.size() == 1) {
        c.reply.array(all_commands().size());
        for (const auto& each : all_commands()) describe(c.reply, each);
    } else if (wants_help(args)) {
        reply_help(c.reply, "COMMAND",
                   {"(no subcommand)", "    Describe all commands.", "COUNT", "    Count them.", "DOCS",
                    "    Reply an empty array: there are none."});
    } else if (is_word(args[1], "COUNT")) {
        c.reply.integer(int64_t(all_commands().size()));
    } else if (is_word(args[1], "DOCS")) {
        c.reply.array(0);  // clients take this as "no documentation", and complete nothing
    } else {
        unknown_subcommand(c.reply, "COMMAND", args[1]);
    }
}

void run_config(connection_call& c, arguments args) {
    if (wants_help(args))
        return reply_help(c.reply, "CONFIG",
                          {"GET <pattern> [<pattern> ...]", "    Show the parameters whose names match."});
    if (!is_word(args[1], "GET")) return unknown_subcommand(c.reply, "CONFIG", args[1]);
    if (args.size() < 3) return wrong_count(c.reply, "config|get");
    if (std::any_of(args.begin() + 2, args.end(), [](auto& p) { return p.size() > longest_pattern; }))
        return c.reply.error(fmt::format("ERR pattern is longer than {} bytes", longest_pattern));
    const settings& s = c.shard.config;
    const std::pair<std::string_view, std::string> parameters[] = {
        {"appendonly", "no"},
        {"client-query-buffer-limit", std::to_string(s.max_unfinished)},
        {"databases", "1"},
        {"maxclients", std::to_string(s.max_clients)},
        {"maxmemory", std::to_string(s.max_memory)},
        {"maxmemory-policy", "noeviction"},
        {"port", std::to_string(c.who.local.port)},
        {"proto-max-bulk-len", std::to_string(s.max_argument)},
        {"save", ""},
        {"timeout", "0"},
    };
    std::vector<const std::pair<std::string_view, std::string>*> found;
    for (const auto& p : parameters)
        if (std::any_of(args.begin() + 2, args.end(),
                        [&](auto pattern) { return matches_glob(pattern, p.first); }))
            found.push_back(&p);
    c.reply.array(found.size() * 2);
    for (const auto* p : found) {
        c.reply.bulk(p->first);
        c.reply.bulk(p->second);
    }
}

namespace {

// Names end up in the lines of CLIENT LIST, blank between blanks.
bool is_client_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void set_client_text(connection_call& c, std::string& where, std::string_view text, std::string_view what) {
    if (!is_client_text(text))
        return c.reply.error(
            fmt::format("ERR {} cannot contain spaces, newlines or special characters.", what));
    if (text.size() > longest_client_text)
        return c.reply.error(fmt::format("ERR {} cannot be longer than {} bytes", what, longest_client_text));
    where = text;
    c.reply.ok();
}

void set_client_info(connection_call& c, arguments args) {
    if (is_word(args[2], "LIB-NAME")) return set_client_text(c, c.who.library, args[3], "lib-name");
    if (is_word(args[2], "LIB-VER")) return set_client_text(c, c.who.library_version, args[3], "lib-ver");
    c.reply.error(fmt::format("ERR Unrecognized option '{}'", args[2].substr(0, 128)));
}

}  // namespace

void run_client(connection_call& c, arguments args) {
    if (wants_help(args))
        return reply_help(c.reply, "CLIENT",
                          {"GETNAME", "    Show the name of this connection.", "ID",
                           "    Show the number of this connection.", "LIST", "    Show all connections.",
                           "SETINFO <LIB-NAME|LIB-VER> <text>", "    Say which library is connected.",
                           "SETNAME <name>", "    Give this connection a name."});
    struct subcommand {
        std::string_view name;
        size_t count;
    };
    constexpr subcommand known[] = {{"ID", 2}, {"GETNAME", 2}, {"SETNAME", 3}, {"SETINFO", 4}};
    auto found =
        std::find_if(std::begin(known), std::end(known), [&](auto& k) { return is_word(args[1], k.name); });
    if (found == std::end(known)) return unknown_subcommand(c.reply, "CLIENT", args[1]);
    if (args.size() != found->count) {
        std::string name(found->name);
        std::transform(name.begin(), name.end(), name.begin(), [](char l) { return char(std::tolower(l)); });
        return wrong_count(c.reply, "client|" + name);
    }
    if (found->name == "ID") return c.reply.integer(int64_t(c.who.id));
    if (found->name == "SETNAME") return set_client_text(c, c.who.name, args[2], "Client names");
    if (found->name == "SETINFO") return set_client_info(c, args);
    if (c.who.name.empty()) return c.reply.null();
    c.reply.bulk(c.who.name);
}

}  // namespace millrace::kv
