#include "apps/kv/string_commands.hh"

#include "apps/kv/expiry.hh"

#include <algorithm>
#include <limits>
#include <optional>

namespace millrace::kv {

namespace {

[[gnu::noinline]] void get_from_anywhere(execution& x) {
    if (const slot* s = x.keys.look_up(x.key, x.now))
        reply_value(x, *s);
    else
        x.reply.null();
}

}  // namespace

void run_get(execution& x, arguments) {
    const slot* s = x.keys.glance(x.key, x.now);
    if (!s) return get_from_anywhere(x);
    x.keys.count_hit();
    x.reply.bulk_of_words(s->inline_value());
}

namespace {

struct set_options {
    bool only_new = false;       // NX
    bool only_existing = false;  // XX
    bool keep_ttl = false;
    bool get = false;
    std::string_view expiry_word;  // EX, PX, EXAT or PXAT; and what follows it
    std::string_view expiry_text;
};

bool is_expiry_word(std::string_view word) {
    return is_word(word, "EX") || is_word(word, "PX") || is_word(word, "EXAT") || is_word(word, "PXAT");
}

// The options behind the value; false if they contradict each other. Numbers are looked at later, as in
// Redis.
bool parse_set_options(arguments args, set_options& o) {
    for (size_t i = 3; i < args.size(); ++i) {
        const std::string_view word = args[i];
        if (is_word(word, "NX") && !o.only_existing) {
            o.only_new = true;
        } else if (is_word(word, "XX") && !o.only_new) {
            o.only_existing = true;
        } else if (is_word(word, "GET")) {
            o.get = true;
        } else if (is_word(word, "KEEPTTL") && o.expiry_word.empty()) {
            o.keep_ttl = true;
        } else if (is_expiry_word(word) && !o.keep_ttl && o.expiry_word.empty() && i + 1 < args.size()) {
            o.expiry_word = word;
            o.expiry_text = args[++i];
        } else {
            return false;
        }
    }
    return true;
}

// When the options say that the entry expires; nullopt when an error has been replied.
std::optional<time_point> expiry_of(execution& x, const set_options& o) {
    if (o.expiry_word.empty()) return never;
    const auto number = parse_integer(o.expiry_text);
    if (!number) return x.reply.error(errors::not_an_integer), std::nullopt;
    const auto unit = is_word(o.expiry_word.substr(0, 1), "E") ? time_unit::seconds : time_unit::milliseconds;
    std::optional<time_point> at;
    if (*number > 0)
        at = o.expiry_word.size() > 2 ? expiry_at(x.now, x.unix_now(), *number, unit)
                                      : expiry_after(x.now, *number, unit);
    if (!at) x.reply.error("ERR invalid expire time in 'set' command");
    return at;
}

void assign_or_add(execution& x, slot* s, std::string_view value, time_point expiry) {
    if (s)
        x.keys.assign(*s, value);
    else
        s = &x.keys.add(x.key, value);
    x.keys.set_expiry(*s, expiry);
}

[[gnu::noinline]] void set_anywhere(execution& x, std::string_view value) {
    assign_or_add(x, x.keys.find(x.key, x.now), value, never);
    x.reply.ok();
}

[[gnu::noinline]] void set_with_options(execution& x, arguments args) {
    set_options o;
    if (!parse_set_options(args, o)) return x.reply.error(errors::syntax);
    const auto expiry = expiry_of(x, o);
    if (!expiry) return;
    slot* s = x.keys.find(x.key, x.now);
    const bool wanted = s ? !o.only_new : !o.only_existing;
    if (o.get && s)
        reply_value(x, *s);
    else if (o.get || !wanted)
        x.reply.null();
    if (!wanted) return;
    assign_or_add(x, s, args[2], s && o.keep_ttl ? s->expiry() : *expiry);
    if (!o.get) x.reply.ok();
}

}  // namespace

void run_set(execution& x, arguments args) {
    if (args.size() > 3) return set_with_options(x, args);
    slot* s = x.keys.glance(x.key, x.now);
    if (!s || !s->assign_short(args[2])) return set_anywhere(x, args[2]);
    x.keys.set_expiry(*s, never);
    x.reply.ok();
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
    if (args[2].size() > x.limits.value_bytes - std::min(size, x.limits.value_bytes))
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
    if (x.reply.bytes() > x.limits.reply_bytes)
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
