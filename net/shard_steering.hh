// Steering over the mailboxes between shards (core/shard.hh): one group for all shards' interfaces of a
// device.
#pragma once

#include "net/steering.hh"

#include <memory>
#include <vector>

namespace millrace::net {

class interface;

// Made before the shards begin and destroyed after they have ended.
class steering_group {
 public:
    explicit steering_group(unsigned shards);
    steering_group(const steering_group&) = delete;
    steering_group& operator=(const steering_group&) = delete;
    ~steering_group();

    // Called on each shard for its interface, which from then on shares flows with the others. The way to the
    // others lives until leave(); what arrives for a shard before it joined or after it left is dropped.
    void join(interface& own);
    // Called on the shard that joined, while its interface still exists.
    void leave(interface& own) noexcept;

 private:
    class member;
    // Each shard touches its own only.
    std::vector<std::unique_ptr<member>> members_;
};

}  // namespace millrace::net
