// From a request to its command: checked, run at once where this shard can, sent to other shards where it
// must.
#pragma once

#include "apps/kv/batch.hh"
#include "apps/kv/shard_state.hh"

namespace millrace::kv {

// What the session has to do after a request.
enum class verdict : uint8_t {
    done,
    info,          // reply with INFO of all shards
    list_clients,  // reply with CLIENT LIST of all shards
    close,         // QUIT: write the replies and close
};

// Runs one request of a client of this shard. Its reply, or the gap for it, is in the batch.
verdict dispatch(shard_state& here, client& who, batch& b, time_point now, arguments args);

}  // namespace millrace::kv
