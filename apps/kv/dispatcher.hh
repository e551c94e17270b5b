// From the requests of one read to their commands: checked, run at once where this shard can, sent to other
// shards where it must.
#pragma once

#include "apps/kv/batch.hh"
#include "apps/kv/request_parser.hh"
#include "apps/kv/shard_state.hh"

namespace millrace::kv {

// What the session has to do when it has written the replies collected, or before.
enum class verdict : uint8_t {
    done,          // read on
    full,          // come again when the replies are written: there are more requests
    info,          // reply with INFO of all shards, and come again
    list_clients,  // reply with CLIENT LIST of all shards, and come again
    close,         // close the connection
};

// Lives as long as one read of a client of this shard is answered at once.
class dispatcher {
 public:
    // Replies, or the gaps for them, go into the batch.
    dispatcher(shard_state& here, client& who, batch& b, time_point now) noexcept;

    // Runs requests until there are no more, or too many replies, or one that is the session's.
    verdict run_all(request_parser& parser);
    // Runs one request.
    verdict run(arguments args) { return run(find_command(args[0]), args); }

 private:
    [[gnu::noinline]] verdict run(const command* c, arguments args);
    void run_on_key(const command& c, arguments args);
    [[gnu::noinline]] verdict run_other(const command& c, arguments args);
    verdict run_here(const command& c, arguments args);
    void run_in_order(const command& c, arguments keys);
    void run_combined(const command& c, arguments args, size_t step);
    void run_everywhere(const command& c, arguments args);
    [[gnu::cold]] verdict refuse_malformed(const request_parser& parser);
    [[gnu::cold]] verdict refuse_unknown(arguments args);
    [[gnu::cold]] verdict refuse_count(const command& c);

    shard_state& here_;
    client& who_;
    batch& batch_;
    execution local_;
    const size_t watermark_;
};

}  // namespace millrace::kv
