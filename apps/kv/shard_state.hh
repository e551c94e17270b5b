// Everything of millrace-kv that one shard owns, without any network.
#pragma once

#include "apps/kv/execution.hh"
#include "apps/kv/key_hash.hh"
#include "apps/kv/line_limit.hh"
#include "apps/kv/request_parser.hh"
#include "apps/kv/settings.hh"
#include "apps/kv/store.hh"
#include "apps/kv/unsent_replies.hh"
#include "core/time.hh"
#include "net/stream.hh"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::kv {

struct command;

// A connection as CLIENT shows it.
struct client {
    uint64_t id = 0;  // unique in the process
    net::endpoint local, remote;
    time_point connected, last_command_at;
    const command* last_command = nullptr;
    std::string name, library, library_version;
    size_t index = 0;     // in its shard's list
    uint64_t unsent = 0;  // bytes of replies, see unsent_replies
    net::stream* connection = nullptr;
};

struct shard_counters {
    uint64_t commands = 0;  // executed for clients of this shard
    uint64_t remote = 0;    // pieces of them that went to another shard, as its keys
    uint64_t batches = 0;   // messages in which these went
    uint64_t reads = 0;     // from connections; commands / reads is the depth of pipelining
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    uint64_t connections = 0;          // accepted
    uint64_t connections_refused = 0;  // more than max-clients
    uint64_t protocol_errors = 0;      // connections closed for what they sent
    uint64_t unknown_commands = 0;
    uint64_t connections_lost = 0;  // failed rather than closed
    uint64_t failures = 0;          // connections ended for what went wrong here
};

class shard_state {
 public:
    shard_state(const settings& s, unsigned shard_number, unsigned shard_count, const hash_seed& keys_seed)
        : config(s),
          shard(shard_number),
          shards(shard_count),
          seed(keys_seed),
          keys(s.max_memory == 0 ? 0 : std::max<uint64_t>(1, s.max_memory / shard_count)),
          limits{.argument_bytes = s.max_argument, .arguments = s.max_arguments},
          largest{.value_bytes = s.max_argument, .reply_bytes = s.max_reply},
          unfinished(std::max(s.max_unfinished / shard_count, least_unfinished(s.max_argument))),
          unsent(std::max(s.max_unsent / shard_count, least_unsent(s))) {}
    shard_state(const shard_state&) = delete;
    shard_state& operator=(const shard_state&) = delete;

    key_ref key(std::string_view text) const noexcept { return {text, key_hash(seed, text)}; }
    unsigned owner(const key_ref& k) const noexcept { return shards == 1 ? 0 : shard_of(k.hash, shards); }

    // A look-up of this key is near, see store::far(). False, and nothing is done, if it is another shard's.
    bool fetch_ahead(std::string_view text) noexcept {
        const key_ref k = key(text);
        if (owner(k) != shard) return false;
        keys.prefetch(k.hash);
        return true;
    }

    execution execution_into(reply_builder& reply, time_point now, bool may_attach) noexcept {
        return {keys, reply, now, largest, unix_now, may_attach};
    }

    // False, and counted, if this shard serves its share of max-clients already.
    bool admit(client& c);
    void dismiss(client& c) noexcept;
    const std::vector<client*>& clients() const noexcept { return clients_; }

    const settings config;
    const unsigned shard;
    const unsigned shards;
    const hash_seed seed;
    store keys;
    const request_limits limits;
    const execution_limits largest;
    byte_budget unfinished;
    unsent_replies unsent;
    line_limit http_lines, failure_lines;
    unix_clock unix_now = system_unix_clock;
    shard_counters counters;

 private:
    std::vector<client*> clients_;
    uint64_t next_client_ = 0;
};

}  // namespace millrace::kv
