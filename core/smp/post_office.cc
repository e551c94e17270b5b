#include "core/smp/post_office.hh"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>

namespace millrace {

post_office::post_office(unsigned shards, size_t ring_capacity, bool threads) {
    for (unsigned s = 0; s < shards; ++s) {
        auto& o = *offices_.emplace_back(std::make_unique<office>());
        if (!threads) continue;
        o.wakeup = descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        if (!o.wakeup) throw std::system_error(errno, std::system_category(), "eventfd");
    }
    for (unsigned i = 0; i < shards * shards; ++i) rings_.push_back(std::make_unique<ring>(ring_capacity));
}

// The descriptor is emptied even if nobody is known to have written: a sender that saw the sleeper may write
// late, and what it writes would end every sleep to come.
void post_office::wake_up(shard_id s) noexcept {
    offices_[s]->sleeping.store(false, std::memory_order_relaxed);
    eventfd_t count = 0;
    if (offices_[s]->wakeup) ::eventfd_read(offices_[s]->wakeup.get(), &count);
}

bool post_office::wake_if_asleep(shard_id s) noexcept {
    office& o = *offices_[s];
    if (!o.sleeping.load(std::memory_order_seq_cst)) return false;
    // Of several senders one writes.
    if (!o.sleeping.exchange(false, std::memory_order_seq_cst)) return false;
    ::eventfd_write(o.wakeup.get(), 1);
    return true;
}

void post_office::enter(phase p) noexcept {
    phase_.store(p, std::memory_order_seq_cst);
    for (shard_id s = 0; s < shards(); ++s) wake_if_asleep(s);
}

void post_office::report(shard_id s, const activity& done) noexcept {
    office& o = *offices_[s];
    o.tasks.store(done.tasks, std::memory_order_seq_cst);
    o.sent.store(done.sent, std::memory_order_seq_cst);
    o.received.store(done.received, std::memory_order_seq_cst);
    o.turns.fetch_add(1, std::memory_order_seq_cst);
}

std::vector<post_office::activity> post_office::reports() const {
    std::vector<activity> all;
    for (const auto& o : offices_)
        all.push_back({.tasks = o->tasks.load(std::memory_order_seq_cst),
                       .sent = o->sent.load(std::memory_order_seq_cst),
                       .received = o->received.load(std::memory_order_seq_cst)});
    return all;
}

std::vector<uint64_t> post_office::turns() const {
    std::vector<uint64_t> all;
    for (const auto& o : offices_) all.push_back(o->turns.load(std::memory_order_seq_cst));
    return all;
}

}  // namespace millrace
