#include "core/mailbox.hh"

#include "core/smp/post_office.hh"

#include <algorithm>

namespace millrace {

namespace {

constexpr size_t open_batch = 64;     // parcels taken from one shard in a turn
constexpr size_t publish_batch = 32;  // parcels after which a sender does not wait for the end of its turn

}  // namespace

mailbox::mailbox(post_office& office, shard_id shard)
    : office_(office), shard_(shard), out_(office.shards()) {
    for (shard_id s = 0; s < office.shards(); ++s) {
        out_[s].way = &office.way(shard, s);
        in_.push_back(&office.way(s, shard));
    }
}

mailbox::~mailbox() = default;

parcel& mailbox::place_for(shard_id to) {
    CHECK(to < out_.size());
    outgoing& o = out_[to];
    unsent_ = true;
    if (o.overflow.empty()) {
        if (o.way->unpublished() >= publish_batch) hand_over(to);
        if (parcel* place = o.way->reserve()) {
            ++counters_.sent;
            return *place;
        }
    }
    parcel& place = o.overflow.emplace_back();
    ++counters_.sent;
    ++counters_.overflowed;
    ++waiting_;
    return place;
}

parcel* mailbox::try_place_for(shard_id to) noexcept {
    CHECK(to < out_.size());
    outgoing& o = out_[to];
    if (o.overflow.empty() && o.way->unpublished() >= publish_batch) hand_over(to);
    parcel* place = o.overflow.empty() ? o.way->reserve() : nullptr;
    if (place) {
        unsent_ = true;
        ++counters_.sent;
    } else {
        ++counters_.refused;
    }
    return place;
}

bool mailbox::poll() noexcept {
    const post_office::phase phase = office_.now();
    if (phase == post_office::phase::draining)
        office_.report(shard_, {.tasks = reactor::current().counters().tasks,
                                .sent = counters_.sent,
                                .received = counters_.received});
    else if (phase == post_office::phase::closed)
        reactor::current().stop();

    size_t opened = 0;
    for (ring* way : in_) opened += way->open(open_batch);
    counters_.received += opened;
    return opened > 0 || unsent_;
}

void mailbox::flush() noexcept {
    if (!unsent_) return;
    for (shard_id to = 0; to < out_.size(); ++to) hand_over(to);
    unsent_ = waiting_ > 0;
}

void mailbox::hand_over(shard_id to) noexcept {
    outgoing& o = out_[to];
    while (!o.overflow.empty()) {
        parcel* place = o.way->reserve();
        if (!place) break;
        *place = std::move(o.overflow.front());
        o.overflow.pop_front();
        --waiting_;
    }
    if (o.way->unpublished() == 0) return;
    o.way->publish();
    ++counters_.batches;
    if (to != shard_ && office_.wake_if_asleep(to)) ++counters_.wakeups;
}

int mailbox::wakeup_fd() const noexcept {
    return office_.wakeup_fd(shard_);
}

bool mailbox::prepare_sleep() noexcept {
    if (unsent_) return false;
    office_.fall_asleep(shard_);
    const bool quiet = office_.now() == post_office::phase::open &&
                       std::all_of(in_.begin(), in_.end(), [](const ring* way) { return way->empty(); });
    if (!quiet) office_.wake_up(shard_);
    return quiet;
}

void mailbox::woke() noexcept {
    office_.wake_up(shard_);
}

}  // namespace millrace
