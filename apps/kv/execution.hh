// What a command works on while it runs at the shard that owns its key.
#pragma once

#include "apps/kv/expiry.hh"
#include "apps/kv/reply.hh"
#include "apps/kv/request_parser.hh"
#include "apps/kv/store.hh"
#include "core/time.hh"

namespace millrace::kv {

// What is the same for all that a shard executes.
struct execution_limits {
    size_t value_bytes;
    size_t reply_bytes;
};

struct execution {
    store& keys;
    reply_builder& reply;
    time_point now;
    const execution_limits& limits;
    const unix_clock& unix_now;
    bool may_attach;     // the reply is written by this shard: it may share large values
    key_ref key{"", 0};  // the key of the command, or of this piece of it
};

// Adds an entry's value to the reply.
inline void reply_value(execution& x, const slot& s) {
    if (s.is_inline()) return x.reply.bulk_of_words(s.inline_value());
    if (const buffer* all = s.storage(); all && x.may_attach)
        x.reply.bulk(*all, s.key().size(), s.value().size());
    else
        x.reply.bulk(s.value());
}

// Whether two words are the same but for the case of letters; `upper` is in capitals.
inline bool is_word(std::string_view text, std::string_view upper) noexcept {
    if (text.size() != upper.size()) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c >= 'a' && c <= 'z') c = char(c - 'a' + 'A');
        if (c != upper[i]) return false;
    }
    return true;
}

namespace errors {
inline constexpr std::string_view syntax = "ERR syntax error";
inline constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
inline constexpr std::string_view overflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view too_long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view out_of_memory = "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view reply_too_long = "ERR reply exceeds max-reply";
}  // namespace errors

}  // namespace millrace::kv
