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

    bool forward(unsigned shard, steered&& what) noexcept override {
        letter l(group_, std::move(what));
        mailbox* out = reactor::current().mailbox();
        return out && out->try_post(shard, l);
    }

    interface* own = nullptr;

 private:
    // Crosses in a parcel without an allocation, for which it may not be larger, and its moves may not throw:
    // those of a packet's fragments do not, though their type does not say so.
    class letter {
     public:
        letter(steering_group& to, steered&& what) noexcept : to_(&to), what_(std::move(what)) {}
        letter(letter&& other) noexcept : to_(other.to_), what_(std::move(other.what_)) {}
        void operator()() noexcept {
            interface* here = to_->members_[reactor::current().shard()]->own;
            if (here) here->accept(std::move(what_));
        }

     private:
        steering_group* to_;
        steered what_;
    };
    static_assert(sizeof(letter) <= parcel::room);

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
