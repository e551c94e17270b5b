#include "apps/kv/dispatch.hh"

#include "apps/kv/connection_commands.hh"
#include "core/log.hh"

#include <fmt/format.h>

#include <new>

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

void run_on_key(shard_state& here, batch& b, time_point now, const command& c, arguments args) {
    key_ref key = here.key(args[1]);
    if (unsigned owner = here.owner(key); owner != here.shard) return b.send(owner, c, key, args);
    execution x = here.execution_into(b.reply(), now, true);
    x.key = key;
    run_checked(c, x, args);
}

// MGET: the replies of its pieces follow each other.
void run_in_order(shard_state& here, batch& b, time_point now, const command& c, arguments keys) {
    b.reply().array(keys.size());
    execution x = here.execution_into(b.reply(), now, true);
    for (std::string_view text : keys) {
        x.key = here.key(text);
        if (unsigned owner = here.owner(x.key); owner != here.shard)
            b.send(owner, c, x.key, {});
        else
            run_piece_checked(c, x, {});
    }
}

// A command whose results are combined, while its pieces are run here or sent away.
class combining {
 public:
    combining(shard_state& here, batch& b, time_point now, const command& c)
        : here_(here), batch_(b), x_(here.execution_into(unused_, now, true)), pieces_{&c} {}

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

// DEL, EXISTS, MSET. `step`: arguments for each piece.
void run_combined(shard_state& here, batch& b, time_point now, const command& c, arguments args,
                  size_t step) {
    combining all(here, b, now, c);
    for (size_t i = 0; i < args.size(); i += step) {
        key_ref key = here.key(args[i]);
        all.piece(here.owner(key), key, args.subspan(i + 1, step - 1));
    }
    all.end();
}

// The arguments, where there may be any, are those of a flush, which is never done behind the client's back.
bool is_flush_option(arguments args) {
    return args.size() == 1 && (is_word(args[0], "ASYNC") || is_word(args[0], "SYNC"));
}

void run_everywhere(shard_state& here, batch& b, time_point now, const command& c, arguments args) {
    if (!args.empty() && !is_flush_option(args)) return b.reply().error(errors::syntax);
    combining all(here, b, now, c);
    for (unsigned shard = 0; shard < here.shards; ++shard) all.piece(shard, key_ref{"", 0}, {});
    all.end();
}

verdict run_here(shard_state& here, client& who, batch& b, time_point now, const command& c, arguments args) {
    if (c.call == run_client && args.size() == 2 && is_word(args[1], "LIST")) return verdict::list_clients;
    connection_call call{here, who, b.reply(), now};
    c.call(call, args);
    return c.call == run_quit ? verdict::close : verdict::done;
}

}  // namespace

verdict dispatch(shard_state& here, client& who, batch& b, time_point now, arguments args) {
    const command* c = find_command(args[0]);
    if (!c && is_http(args[0])) {
        ++here.counters.protocol_errors;
        log.info("{}: closed, for it speaks HTTP", who.remote);
        return verdict::close;
    }
    if (!c) {
        ++here.counters.unknown_commands;
        reply_unknown(b.reply(), args);
        return verdict::done;
    }
    ++here.counters.commands;
    who.last_command = c->name;
    if (!c->takes(args.size()) || (c->where == route::pairs && args.size() % 2 == 0)) {
        b.reply().error(fmt::format("ERR wrong number of arguments for '{}' command", c->name));
        return verdict::done;
    }
    switch (c->where) {
        case route::key:
            run_on_key(here, b, now, *c, args);
            break;
        case route::keys:
            if (c->combine == combination::in_order)
                run_in_order(here, b, now, *c, args.subspan(1));
            else
                run_combined(here, b, now, *c, args.subspan(1), 1);
            break;
        case route::pairs:
            run_combined(here, b, now, *c, args.subspan(1), 2);
            break;
        case route::everywhere:
            run_everywhere(here, b, now, *c, args.subspan(1));
            break;
        case route::here:
            return run_here(here, who, b, now, *c, args);
        case route::gathered:
            return verdict::info;
    }
    return verdict::done;
}

}  // namespace millrace::kv
