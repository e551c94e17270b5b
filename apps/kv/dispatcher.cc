#include "apps/kv/dispatcher.hh"

#include "apps/kv/connection_commands.hh"
#include "core/log.hh"

#include <fmt/format.h>

namespace millrace::kv {

namespace {

logger log("kv");

// A web page may make a browser send requests here, with commands for us in their bodies. One of these stands
// in front of every body, as a command of its own.
bool is_http(std::string_view name) {
    return is_word(name, "POST") || is_word(name, "HOST:");
}

void reply_unknown(reply_builder& reply, arguments args) {
    constexpr size_t shown_bytes = 128;
    std::string text =
        fmt::format("ERR unknown command '{}', with args beginning with: ", args[0].substr(0, shown_bytes));
    for (size_t i = 1, end = text.size() + shown_bytes; i < args.size() && text.size() < end; ++i)
        text += fmt::format("'{}' ", args[i].substr(0, end - text.size()));
    reply.error(text);
}

// A command whose results are combined, while its pieces are run here or sent away.
class combining {
 public:
    combining(shard_state& here, batch& b, const execution& local, const command& c)
        : here_(here), batch_(b), x_(here.execution_into(unused_, local.now, true)), pieces_{&c} {}

    void piece(unsigned owner, const key_ref& key, arguments value) {
        const command& c = *pieces_.what;
        if (owner != here_.shard) {
            if (number_ == operation::alone) number_ = batch_.begin_combined(c);
            return batch_.send_piece(owner, number_, c, key, value);
        }
        x_.key = key;
        pieces_.add(run_piece_checked(c, x_, value.empty() ? std::string_view() : value[0]));
    }
    void end() {
        if (number_ == operation::alone)
            pieces_.reply(batch_.reply());
        else
            batch_.add_local(number_, pieces_);
    }

 private:
    shard_state& here_;
    batch& batch_;
    reply_builder unused_;  // pieces that are combined reply nothing themselves
    execution x_;
    combined_result pieces_;
    uint32_t number_ = operation::alone;
};

// The arguments, where there may be any, are those of a flush, which is never done behind the client's back.
bool is_flush_option(arguments args) {
    return args.size() == 1 && (is_word(args[0], "ASYNC") || is_word(args[0], "SYNC"));
}

}  // namespace

dispatcher::dispatcher(shard_state& here, client& who, batch& b, time_point now) noexcept
    : here_(here),
      who_(who),
      batch_(b),
      local_(here.execution_into(b.reply(), now, true)),
      watermark_(here.config.output_watermark) {
    who.last_command_at = now;
    here.keys.move_on();
}

[[gnu::always_inline]] inline void dispatcher::run_on_key(const command& c, arguments args) {
    local_.key.text = args[1];
    local_.key.hash = key_hash(here_.seed, args[1]);
    if (here_.shards != 1)
        if (unsigned owner = here_.owner(local_.key); owner != here_.shard)
            return batch_.send(owner, c, local_.key, args);
    run_checked(c, local_, args);
}

verdict dispatcher::run(const command* c, arguments args) {
    if (!c) [[unlikely]]
        return refuse_unknown(args);
    ++here_.counters.commands;
    who_.last_command = c;
    if (!c->takes(args.size())) [[unlikely]]
        return refuse_count(*c);
    if (c->where != route::key) return run_other(*c, args);
    run_on_key(*c, args);
    return verdict::done;
}

verdict dispatcher::run_all(request_parser& parser) {
    const command* on_key = nullptr;  // of the request before, if it went this way
    while (local_.reply.bytes() < watermark_) {
        switch (parser.next()) {
            case request_parser::outcome::incomplete:
                return verdict::done;
            case request_parser::outcome::malformed:
                return refuse_malformed(parser);
            case request_parser::outcome::request:
                break;
        }
        const arguments args = parser.request();
        if (!on_key || !parser.repeats()) {
            const command* c = find_command(parser.name());
            if (!c || c->where != route::key || !c->takes(args.size())) [[unlikely]] {
                on_key = nullptr;
                if (const verdict v = run(c, args); v != verdict::done) return v;
                continue;
            }
            who_.last_command = on_key = c;
        }
        ++here_.counters.commands;
        run_on_key(*on_key, args);
    }
    return verdict::full;
}

verdict dispatcher::run_other(const command& c, arguments args) {
    switch (c.where) {
        case route::key:
            run_on_key(c, args);
            break;
        case route::keys:
            if (c.combine == combination::in_order)
                run_in_order(c, args.subspan(1));
            else
                run_combined(c, args.subspan(1), 1);
            break;
        case route::pairs:
            if (args.size() % 2 == 0) return refuse_count(c);
            run_combined(c, args.subspan(1), 2);
            break;
        case route::everywhere:
            run_everywhere(c, args.subspan(1));
            break;
        case route::here:
            return run_here(c, args);
        case route::gathered:
            return verdict::info;
    }
    return verdict::done;
}

verdict dispatcher::run_here(const command& c, arguments args) {
    if (c.call == run_client && args.size() == 2 && is_word(args[1], "LIST")) return verdict::list_clients;
    connection_call call{here_, who_, local_.reply, local_.now};
    c.call(call, args);
    return c.call == run_quit ? verdict::close : verdict::done;
}

// MGET: the replies of its pieces follow each other.
void dispatcher::run_in_order(const command& c, arguments keys) {
    local_.reply.array(keys.size());
    for (std::string_view text : keys) {
        local_.key = here_.key(text);
        if (unsigned owner = here_.owner(local_.key); owner != here_.shard)
            batch_.send(owner, c, local_.key, {});
        else
            run_piece_checked(c, local_, {});
    }
}

// DEL, EXISTS, MSET. `step`: arguments for each piece.
void dispatcher::run_combined(const command& c, arguments args, size_t step) {
    combining all(here_, batch_, local_, c);
    for (size_t i = 0; i < args.size(); i += step) {
        key_ref key = here_.key(args[i]);
        all.piece(here_.owner(key), key, args.subspan(i + 1, step - 1));
    }
    all.end();
}

void dispatcher::run_everywhere(const command& c, arguments args) {
    if (!args.empty() && !is_flush_option(args)) return local_.reply.error(errors::syntax);
    combining all(here_, batch_, local_, c);
    for (unsigned shard = 0; shard < here_.shards; ++shard) all.piece(shard, key_ref{"", 0}, {});
    all.end();
}

verdict dispatcher::refuse_malformed(const request_parser& parser) {
    ++here_.counters.protocol_errors;
    local_.reply.error(fmt::format("ERR Protocol error: {}", parser.error()));
    return verdict::close;
}

verdict dispatcher::refuse_unknown(arguments args) {
    if (is_http(args[0])) {
        ++here_.counters.protocol_errors;
        if (const uint64_t count = here_.http_lines.admit(local_.now))
            log.info("{}: closed, for it speaks HTTP ({} so far)", who_.remote, count);
        return verdict::close;
    }
    ++here_.counters.unknown_commands;
    reply_unknown(local_.reply, args);
    return verdict::done;
}

verdict dispatcher::refuse_count(const command& c) {
    local_.reply.error(fmt::format("ERR wrong number of arguments for '{}' command", c.name));
    return verdict::done;
}

}  // namespace millrace::kv
