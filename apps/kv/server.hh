// millrace-kv on the network: one instance per shard, which knows those of the others.
#pragma once

#include "apps/kv/batch.hh"
#include "apps/kv/report.hh"
#include "apps/kv/shard_state.hh"
#include "core/future.hh"
#include "core/gate.hh"
#include "core/metrics.hh"
#include "core/sharded.hh"
#include "core/timer.hh"
#include "net/network.hh"

#include <memory>
#include <vector>

namespace millrace::kv {

// What a session needs while it answers a read; idle ones hold none.
struct workspace {
    explicit workspace(unsigned shards) : collected(shards) {}

    batch collected;
    reply_builder assembled;
};

class server {
 public:
    // One per shard; `all` are the instances of all.
    server(const settings& s, const hash_seed& seed, sharded<server>& all);

    // Accepts connections and answers them until the listener is closed.
    future<> serve(net::network& network, net::listen_options where);
    // Resolves when no connection is left.
    future<> stop() { return sessions_.close(); }

    shard_state& state() noexcept { return state_; }
    sharded<server>& all() noexcept { return all_; }

    // For a session that does not wait before it leaves it empty again.
    workspace& shared_workspace() noexcept { return *shared_; }
    // What is in the shared one, to be kept while the session waits; the others get another one.
    std::unique_ptr<workspace> take_workspace();
    // Empty again.
    void give_back(std::unique_ptr<workspace> w);

    // What other shards ask of this one.
    void run(delivery& d);
    shard_report report() const;
    // To be called after commands have run: keeps looking for expired keys while there are keys that expire.
    void watch_expiry() noexcept {
        if (state_.keys.expiring() != 0 && !sweep_.armed()) sweep_.arm_after(state_.config.sweep_interval);
    }
    process_facts facts(uint16_t port) const;

 private:
    class sweep_timer final : public timer {
     public:
        explicit sweep_timer(server& s) noexcept : server_(s) {}

     private:
        void on_expire() noexcept override;
        server& server_;
    };
    future<> answer(net::stream connection);
    void register_metrics();

    shard_state state_;
    sharded<server>& all_;
    time_point started_;
    gate sessions_;
    sweep_timer sweep_{*this};
    std::unique_ptr<workspace> shared_;
    std::vector<std::unique_ptr<workspace>> idle_workspaces_;
    metric_group metrics_;
};

}  // namespace millrace::kv
