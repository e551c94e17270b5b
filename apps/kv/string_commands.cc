#include "apps/kv/string_commands.hh"

#include "apps/kv/expiry.hh"

#include <algorithm>
#include <limits>
#include <optional>

namespace millrace::kv {

void run_get(execution& x, arguments) {
    if (const slot* s = x.keys.look_up(x.key, x.now))
        reply_value(x, *s);
    else
        x.reply.null();
}

namespace {

struct set_options {
    bool only_new = false;       // NX
    bool only_existing = false;  // XX
    bool keep_ttl = false;
    bool get = false;
    bool has_expiry = false;
    time_point expiry = never;
};

// The options behind the value; false when an error has been replied.
bool parse_set_options(execution& x, arguments args, set_options& o) {
    for (size_t i = 3; i < args.size(); ++i) {
        if (is_word(args[i], "NX") && !o.only_existing) {
            o.only_new = true;
        } else if (is_word(args[i], "XX") && !o.only_new) {
            o.only_existing = true;
        } else if (is_word(args[i], "GET")) {
            o.get = true;
        } else if (is_word(args[i], "KEEPTTL") && !o.has_expiry) {
            o.keep_ttl = true;
        } else if ((is_word(args[i], "EX") || is_word(args[i], "PX")) && !o.keep_ttl && !o.has_expiry &&
                   i + 1 < args.size()) {
            auto ttl = parse_integer(args[i + 1]);
            if (!ttl) return x.reply.error(errors::not_an_integer), false;
            auto expiry = expiry_after(x.now, *ttl,
                                       is_word(args[i], "EX") ? time_unit::seconds : time_unit::milliseconds);
            if (*ttl <= 0 || !expiry) return x.reply.error("ERR invalid expire time in 'set' command"), false;
            o.has_expiry = true;
            o.expiry = *expiry;
            ++i;
        } else {
            return x.reply.error(errors::syntax), false;
        }
    }
    return true;
}

}  // namespace

void run_set(execution& x, arguments args) {
    set_options o;
    if (args.size() > 3 && !parse_set_options(x, args, o)) return;
    slot* s = x.keys.find(x.key, x.now);
    bool wanted = s ? !o.only_new : !o.only_existing;
    if (o.get) {
        if (s)
            reply_value(x, *s);
        else
            x.reply.null();
    } else if (!wanted) {
        x.reply.null();
    }
    if (!wanted) return;
    if (s)
        x.keys.assign(*s, args[2]);
    else
        s = &x.keys.add(x.key, args[2]);
    if (!o.keep_ttl) x.keys.set_expiry(*s, o.expiry);
    if (!o.get) x.reply.ok();
}

namespace {

void add_to_value(execution& x, int64_t by) {
    slot* s = x.keys.find(x.key, x.now);
    auto value = s ? parse_integer(s->value()) : std::optional<int64_t>(0);
    if (!value) return x.reply.error(errors::not_an_integer);
    int64_t sum;
    if (__builtin_add_overflow(*value, by, &sum)) return x.reply.error(errors::overflow);
    char text[longest_integer];
    std::string_view digits(text, format_integer(text, sum));
    if (s)
        x.keys.assign(*s, digits);
    else
        x.keys.add(x.key, digits);
    x.reply.integer(sum);
}

}  // namespace

void run_incr(execution& x, arguments) {
    add_to_value(x, 1);
}

void run_decr(execution& x, arguments) {
    add_to_value(x, -1);
}

void run_incrby(execution& x, arguments args) {
    auto by = parse_integer(args[2]);
    if (!by) return x.reply.error(errors::not_an_integer);
    add_to_value(x, *by);
}

void run_decrby(execution& x, arguments args) {
    auto by = parse_integer(args[2]);
    if (!by) return x.reply.error(errors::not_an_integer);
    if (*by == std::numeric_limits<int64_t>::min()) return x.reply.error("ERR decrement would overflow");
    add_to_value(x, -*by);
}

void run_append(execution& x, arguments args) {
    slot* s = x.keys.find(x.key, x.now);
    size_t size = s ? s->value().size() : 0;
    if (args[2].size() > x.max_value_bytes - std::min(size, x.max_value_bytes))
        return x.reply.error(errors::too_long);
    if (s)
        x.keys.append(*s, args[2]);
    else
        x.keys.add(x.key, args[2]);
    x.reply.integer(int64_t(size + args[2].size()));
}

void run_strlen(execution& x, arguments) {
    const slot* s = x.keys.look_up(x.key, x.now);
    x.reply.integer(s ? int64_t(s->value().size()) : 0);
}

int64_t mget_piece(execution& x, std::string_view) {
    if (x.reply.bytes() > x.max_reply_bytes)
        x.reply.error(errors::reply_too_long);
    else
        run_get(x, {});
    return 0;
}

int64_t mset_piece(execution& x, std::string_view value) {
    x.keys.set(x.key, value, never, x.now);
    return 0;
}

}  // namespace millrace::kv
