#include "apps/kv/key_commands.hh"

#include "apps/kv/expiry.hh"

#include <fmt/format.h>

namespace millrace::kv {

namespace {

// NX, XX, GT and LT.
struct expire_conditions {
    bool no_expiry = false;
    bool has_expiry = false;
    bool later = false;
    bool sooner = false;

    // A key without expiry counts as one that expires last of all.
    bool hold(time_point before, time_point after) const noexcept {
        return !(no_expiry && before != never) && !(has_expiry && before == never) &&
               !(later && after <= before) && !(sooner && after >= before);
    }
};

// False when an error has been replied.
bool parse_conditions(execution& x, arguments words, expire_conditions& c) {
    for (std::string_view word : words) {
        if (is_word(word, "NX"))
            c.no_expiry = true;
        else if (is_word(word, "XX"))
            c.has_expiry = true;
        else if (is_word(word, "GT"))
            c.later = true;
        else if (is_word(word, "LT"))
            c.sooner = true;
        else
            return x.reply.error(fmt::format("ERR Unsupported option {}", word.substr(0, 128))), false;
    }
    std::string_view clash;
    if (c.no_expiry && (c.has_expiry || c.later || c.sooner))
        clash = "ERR NX and XX, GT or LT options at the same time are not compatible";
    else if (c.later && c.sooner)
        clash = "ERR GT and LT options at the same time are not compatible";
    if (!clash.empty()) x.reply.error(clash);
    return clash.empty();
}

void expire(execution& x, arguments args, time_unit unit, std::string_view name) {
    expire_conditions conditions;
    if (!parse_conditions(x, args.subspan(3), conditions)) return;
    auto ttl = parse_integer(args[2]);
    if (!ttl) return x.reply.error(errors::not_an_integer);
    auto at = expiry_after(x.now, *ttl, unit);
    if (!at) return x.reply.error(fmt::format("ERR invalid expire time in '{}' command", name));
    slot* s = x.keys.find(x.key, x.now);
    if (!s || !conditions.hold(s->expiry(), *at)) return x.reply.integer(0);
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
