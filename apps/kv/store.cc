#include "apps/kv/store.hh"

#include <algorithm>

namespace millrace::kv {

slot& store::add(const key_ref& k, std::string_view value) {
    slot& s = table_.make_room(uint32_t(k.hash));
    s.create(uint32_t(k.hash), k.text, value);
    table_.added();
    outside_bytes_ += s.outside_bytes();
    return s;
}

void store::assign_outside(slot& s, std::string_view value) {
    size_t before = s.outside_bytes();
    s.assign(value);
    outside_bytes_ += s.outside_bytes() - before;
}

void store::append(slot& s, std::string_view more) {
    size_t before = s.outside_bytes();
    s.append(more);
    outside_bytes_ += s.outside_bytes() - before;
}

void store::set(const key_ref& k, std::string_view value, time_point expiry, time_point now) {
    slot* s = find(k, now);
    if (s)
        assign(*s, value);
    else
        s = &add(k, value);
    set_expiry(*s, expiry);
}

void store::erase(slot& s) noexcept {
    outside_bytes_ -= s.outside_bytes();
    expiring_ -= s.expires();
    table_.erase(s);
}

slot* store::drop_expired(slot& s) noexcept {
    erase(s);
    ++counters_.expired;
    return nullptr;
}

void store::clear() noexcept {
    table_.clear();
    outside_bytes_ = 0;
    expiring_ = 0;
    cursor_ = 0;
}

size_t store::sweep(time_point now, size_t slots) noexcept {
    if (expiring_ == 0) return 0;
    table_.move_on(slots);
    size_t removed = 0;
    for (slots = std::min(slots, table_.capacity()); slots != 0 && expiring_ != 0; --slots) {
        if (cursor_ >= table_.capacity()) cursor_ = 0;
        slot& s = table_.at(cursor_);
        if (s.used() && s.expired(now)) {
            drop_expired(s);
            ++counters_.swept;
            ++removed;  // another entry may stand here now: the cursor stays
        } else {
            ++cursor_;
        }
    }
    return removed;
}

}  // namespace millrace::kv
