#include "net/shard_steering.hh"

#include "core/mailbox.hh"
#include "core/reactor.hh"
#include "net/interface.hh"

namespace millrace::net {

class steering_group::member final : public steering {
 public:
    member(steering_group& group, unsigned self) noexcept : group_(group), self_(self) {}

    unsigned shards() const noexcept override { return unsigned(group_.members_.size()); }
    unsigned self() const noexcept override { return self_; }

    // Crosses in a parcel, without an allocation.
    bool forward(unsigned shard, steered&& what) noexcept override {
        auto carry = [to = &group_, shard, what = std::move(what)]() mutable noexcept {
            if (interface* there = to->members_[shard]->own) there->accept(std::move(what));
        };
        static_assert(sizeof(carry) <= parcel::room);
        mailbox* out = reactor::current().mailbox();
        return out && out->try_post(shard, carry);
    }

    interface* own = nullptr;

 private:
    steering_group& group_;
    unsigned self_;
};

steering_group::steering_group(unsigned shards) {
    for (unsigned i = 0; i < shards; ++i) members_.push_back(std::make_unique<member>(*this, i));
}

steering_group::~steering_group() = default;

void steering_group::join(interface& own) {
    member& m = *members_.at(reactor::current().shard());
    m.own = &own;
    own.attach(&m);
}

void steering_group::leave(interface& own) noexcept {
    own.attach(static_cast<steering*>(nullptr));
    members_[reactor::current().shard()]->own = nullptr;
}

}  // namespace millrace::net
