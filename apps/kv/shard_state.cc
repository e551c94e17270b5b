#include "apps/kv/shard_state.hh"

#include "core/check.hh"

namespace millrace::kv {

bool shard_state::admit(client& c) {
    if (clients_.size() >= (config.max_clients + shards - 1) / shards) {
        ++counters.connections_refused;
        return false;
    }
    c.id = next_client_++ * shards + shard + 1;
    c.index = clients_.size();
    clients_.push_back(&c);
    ++counters.connections;
    return true;
}

void shard_state::dismiss(client& c) noexcept {
    CHECK(c.index < clients_.size() && clients_[c.index] == &c);
    clients_[c.index] = clients_.back();
    clients_[c.index]->index = c.index;
    clients_.pop_back();
}

}  // namespace millrace::kv
