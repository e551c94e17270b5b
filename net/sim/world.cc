#include "core/random.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::net {

world::world(uint64_t seed) : seed_(seed), random_(std::make_unique<millrace::random>(seed)) {}

// Devices outlive the reactors, whose pollers may still know them.
world::~world() {
    own_reactors_.clear();
}

reactor& world::add_reactor() {
    reactor_options options;
    options.time = &clock_;
    options.seed = random_->next();
    own_reactors_.push_back(std::make_unique<reactor>(options));
    add(*own_reactors_.back());
    return *own_reactors_.back();
}

void world::add(reactor& r) {
    reactors_.push_back(&r);
}

void world::remove(reactor& r) noexcept {
    std::erase(reactors_, &r);
}

wire& world::add_wire(const wire_setup& setup) {
    const auto number = unsigned(wires_.size());
    wire_setup s = setup;
    auto complete = [number](wire_end_options& o, char end) {
        if (o.name.empty()) o.name = fmt::format("sim{}{}", number, end);
        if (o.mac.is_zero()) {
            o.mac = mac_address({0x02, 0, 0, uint8_t(number >> 8), uint8_t(number), uint8_t(end)});
        }
    };
    complete(s.a, 'a');
    complete(s.b, 'b');
    wires_.push_back(std::make_unique<wire>(clock_, random_->next(), s));
    return *wires_.back();
}

world::progress world::step(time_point limit) {
    ++steps_;
    bool worked = false;
    for (size_t i = 0; i < reactors_.size(); ++i) worked |= reactors_[i]->turn();
    for (const reactor* r : reactors_) worked |= !r->idle();
    if (worked) {
        clock_.advance(turn_time);
        return progress::worked;
    }
    const time_point next = next_event();
    if (next == never) return progress::idle;
    clock_.advance_to(std::min(next, limit));
    return progress::waited;
}

// What has arrived and is left lying, because nobody polls that end, will not make anything happen.
time_point world::next_event() const {
    time_point next = never;
    for (const reactor* r : reactors_) next = std::min(next, r->next_deadline());
    for (const auto& w : wires_) next = std::min(next, w->next_arrival());
    return next;
}

bool world::run_until_idle(duration limit) {
    const time_point end = now() + limit;
    while (now() < end) {
        if (step(end) == progress::idle) return true;
    }
    return false;
}

void world::run_for(duration time) {
    const time_point end = now() + time;
    while (now() < end) {
        if (step(end) == progress::idle) clock_.advance_to(end);
    }
}

}  // namespace millrace::net
