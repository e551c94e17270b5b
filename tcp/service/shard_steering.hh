// shard_steering: the way between the interfaces of a device's shards, over their mailboxes.
#pragma once

#include "net/interface.hh"
#include "net/steering.hh"

#include <vector>

namespace millrace::tcp {

// Who receives on which shard; each entry is written and read by its own shard alone.
using steering_directory = std::vector<net::interface*>;

class shard_steering final : public net::steering {
 public:
    // `all` has an entry for each shard and outlives this.
    shard_steering(steering_directory& all, unsigned self) noexcept : all_(all), self_(self) {}

    unsigned shards() const noexcept override { return unsigned(all_.size()); }
    unsigned self() const noexcept override { return self_; }
    bool forward(unsigned shard, net::steered&& what) noexcept override;

 private:
    steering_directory& all_;
    unsigned self_;
};

}  // namespace millrace::tcp
