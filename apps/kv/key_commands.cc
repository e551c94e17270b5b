#include "apps/kv/key_commands.hh"

#include "apps/kv/expiry.hh"

#include <fmt/format.h>

namespace millrace::kv {

namespace {

enum class expire_condition : uint8_t { always, no_expiry, has_expiry, later, sooner };

bool parse_condition(std::string_view word, expire_condition& c) {
    if (is_word(word, "NX"))
        c = expire_condition::no_expiry;
    else if (is_word(word, "XX"))
        c = expire_condition::has_expiry;
    else if (is_word(word, "GT"))
        c = expire_condition::later;
    else if (is_word(word, "LT"))
        c = expire_condition::sooner;
    else
        return false;
    return true;
}

// A key without expiry counts as one that expires last of all.
bool holds(expire_condition c, time_point before, time_point after) {
    switch (c) {
        case expire_condition::always:
            return true;
        case expire_condition::no_expiry:
            return before == never;
        case expire_condition::has_expiry:
            return before != never;
        case expire_condition::later:
            return after > before;
        case expire_condition::sooner:
            return after < before;
    }
    return false;
}

void expire(execution& x, arguments args, time_unit unit, std::string_view name) {
    auto ttl = parse_integer(args[2]);
    if (!ttl) return x.reply.error(errors::not_an_integer);
    auto at = expiry_after(x.now, *ttl, unit);
    if (!at) return x.reply.error(fmt::format("ERR invalid expire time in '{}' command", name));
    auto condition = expire_condition::always;
    if (args.size() > 4) return x.reply.error(errors::syntax);
    if (args.size() == 4 && !parse_condition(args[3], condition))
        return x.reply.error(fmt::format("ERR Unsupported option {}", args[3].substr(0, 128)));
    slot* s = x.keys.find(x.key, x.now);
    if (!s || !holds(condition, s->expiry(), *at)) return x.reply.integer(0);
    if (*at <= x.now)
        x.keys.erase(*s);
    else
        x.keys.set_expiry(*s, *at);
    x.reply.integer(1);
}

// Milliseconds left; -1 if the key does not expire, -2 if there is none.
int64_t milliseconds_left(execution& x) {
    const slot* s = x.keys.find(x.key, x.now);
    if (!s) return -2;
    if (!s->expires()) return -1;
    return std::chrono::ceil<std::chrono::milliseconds>(s->expiry() - x.now).count();
}

}  // namespace

void run_expire(execution& x, arguments args) {
    expire(x, args, time_unit::seconds, "expire");
}

void run_pexpire(execution& x, arguments args) {
    expire(x, args, time_unit::milliseconds, "pexpire");
}

void run_ttl(execution& x, arguments) {
    int64_t left = milliseconds_left(x);
    x.reply.integer(left < 0 ? left : (left + 500) / 1000);
}

void run_pttl(execution& x, arguments) {
    x.reply.integer(milliseconds_left(x));
}

void run_persist(execution& x, arguments) {
    slot* s = x.keys.find(x.key, x.now);
    if (!s || !s->expires()) return x.reply.integer(0);
    x.keys.set_expiry(*s, never);
    x.reply.integer(1);
}

void run_type(execution& x, arguments) {
    x.reply.simple(x.keys.find(x.key, x.now) ? "string" : "none");
}

int64_t del_piece(execution& x, std::string_view) {
    slot* s = x.keys.find(x.key, x.now);
    if (!s) return 0;
    x.keys.erase(*s);
    return 1;
}

int64_t exists_piece(execution& x, std::string_view) {
    return x.keys.look_up(x.key, x.now) ? 1 : 0;
}

int64_t dbsize_piece(execution& x, std::string_view) {
    return int64_t(x.keys.size());
}

int64_t flush_piece(execution& x, std::string_view) {
    x.keys.clear();
    return 0;
}

}  // namespace millrace::kv
