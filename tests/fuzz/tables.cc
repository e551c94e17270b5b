// The tables of half-open connections, of TIME-WAIT records and of flows, beside simple ones of the standard
// library that must agree (tcp/listen/half_open_table.hh, tcp/demux/). What they judge is well-formed.
#include "tcp/demux/flow_table.hh"
#include "tcp/demux/time_wait.hh"
#include "tcp/listen/half_open_table.hh"
#include "tests/fuzz/bytes.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace millrace::fuzz {
namespace {

using namespace tcp;
using std::chrono::milliseconds;

constexpr unsigned flows = 24;
constexpr siphash_key key{1, 2};

four_tuple flow_of(unsigned n) {
    return {{net::ipv4_address(10, 0, 0, 1), 80}, {net::ipv4_address(10, 0, 0, 2), uint16_t(1000 + n)}};
}

// Whatever is in the bytes, if they are a segment.
std::optional<segment> segment_of(input& in) {
    segment s;
    if (parse(exact_copy(in.text(20 + in.below(44))), s) != segment_fault::none) return std::nullopt;
    return s;
}

void check_emitted(const outgoing& o) {
    std::string bytes(o.header_bytes(), '\0');
    require(emit(o, 1, 2, reinterpret_cast<uint8_t*>(bytes.data())) == bytes.size(), "size of the header");
    segment s;
    require(parse(exact_copy(bytes), s) == segment_fault::none, "our own segment is refused");
}

class half_open_trial {
 public:
    explicit half_open_trial(input& in) : in_(in), table_(settings_of(in), key) {}

    void step() {
        const unsigned n = in_.below(flows);
        half_open* const found = table_.find(n % 3, flow_of(n));
        require(bool(found) == model_.contains(n), "found, or not");
        switch (in_.below(5)) {
            case 0:
                if (!found) insert(n);
                break;
            case 1:
                if (found) erase(*found);
                break;
            case 2:
                close_listener(in_.below(3));
                break;
            case 3:
                now_ += milliseconds(in_.u16());
                take_due();
                break;
            case 4:
                if (found) judge_something(*found);
                break;
        }
        check();
    }

 private:
    static half_open_settings settings_of(input& in) {
        half_open_settings s;
        s.limit = in.below(20);
        s.max_transmissions = uint8_t(in.below(10));
        return s;
    }
    static unsigned number_of(const half_open& h) { return unsigned(h.flow.remote.port - 1000); }

    void insert(unsigned n) {
        const auto syn = segment_of(in_);
        if (!syn) return;
        if (table_.full()) erase(*table_.oldest());
        passive_offer offer;
        offer.timestamps = in_.flag();
        offer.scale_windows = in_.flag();
        half_open h = begin_half_open(flow_of(n), *syn, seq(in_.u32()), offer);
        h.hash = n % 3;
        h.listener = n % 2;
        model_[n] = now_;
        check_emitted(syn_ack(table_.insert(h, now_), 5));
    }
    void erase(half_open& h) {
        require(model_.erase(number_of(h)) == 1, "a record that nobody put there");
        table_.erase(h);
    }
    void close_listener(unsigned listener) {
        table_.erase_of_listener(listener);
        std::erase_if(model_, [&](const auto& m) { return m.first % 2 == listener; });
    }
    void take_due() {
        for (unsigned n = 0; half_open* h = table_.take_due(now_); ++n) {
            require(n <= 20 * 8, "records are due without end");
            require(model_.at(number_of(*h)) < now_, "due at once");
            if (table_.is_spent(*h))
                erase(*h);
            else
                check_emitted(syn_ack(*h, 5));
        }
        require(table_.next_timeout() > now_, "the next is due already");
    }
    void judge_something(half_open& h) {
        const auto s = segment_of(in_);
        if (!s) return;
        const half_open_verdict v = judge(h, *s);
        if (v == half_open_verdict::challenge_ack) check_emitted(challenge_ack(h, 5));
        if (v == half_open_verdict::complete)
            require(s->flags.has(flags::ack) && s->ack == h.iss + 1, "completed by another ACK");
    }
    void check() {
        require(table_.size() == model_.size() && table_.size() <= table_.limit(), "size");
        require((table_.next_timeout() == never) == model_.empty(), "a deadline, or none");
        require(bool(table_.oldest()) != model_.empty(), "an oldest record, or none");
        require(table_.longest_chain() <= table_.size(), "a chain longer than the table");
        size_t n = 0;
        table_.for_each([&](const half_open& h) { n += model_.contains(number_of(h)); });
        require(n == model_.size(), "records met");
    }

    input& in_;
    half_open_table table_;
    std::map<unsigned, time_point> model_;  // when they were put there
    time_point now_{std::chrono::seconds(1)};
};

class time_wait_trial {
 public:
    explicit time_wait_trial(input& in) : in_(in), limit_(in.below(20)), table_(limit_, wait, key) {
        now_ += milliseconds(in.u32());  // where the records' clock wraps, too
    }

    void step() {
        const unsigned n = in_.below(flows);
        time_wait_record* const found = table_.find(flow_of(n));
        if (found) check_found(n, *found);
        switch (in_.below(5)) {
            case 0:
                if (!found) insert(n);
                break;
            case 1:
                if (found) {
                    table_.erase(*found);
                    model_.erase(n);
                }
                break;
            case 2:
                if (found) {
                    table_.restart(*found, now_);
                    model_[n].restarted = now_;
                }
                break;
            case 3:
                pass(milliseconds(in_.u16() * in_.below(3)));
                break;
            case 4:
                if (const auto s = segment_of(in_); s && found) {
                    (void)judge(*found, *s);
                    (void)table_.may_be_reopened(*found, now_);
                    check_emitted(acknowledgment(*found, 5));
                }
                break;
        }
        check();
    }

 private:
    static constexpr duration wait = std::chrono::seconds(60);
    struct expected {
        time_wait_state state;
        time_point inserted, restarted;
    };

    void insert(unsigned n) {
        time_wait_state s;
        s.snd_nxt = seq(in_.u32());
        s.rcv_nxt = seq(in_.u32());
        s.wnd = in_.u16();
        s.timestamps = in_.flag();
        s.ts_recent = in_.u32();
        (void)table_.insert(flow_of(n), s, now_);
        require(bool(table_.find(flow_of(n))) == (limit_ > 0), "the new record is not there");
        model_[n] = {s, now_, now_};
    }
    void pass(duration time) {
        const time_point end = now_ + time;
        while (table_.next_timeout() <= end) {
            now_ = table_.next_timeout();
            table_.expire(now_);
            require(table_.next_timeout() > now_, "the next is due already");
        }
        now_ = end;
    }
    void check_found(unsigned n, const time_wait_record& r) {
        require(r.live && model_.contains(n), "a record that nobody put there");
        const time_wait_state& s = model_[n].state;
        require(r.snd_nxt == s.snd_nxt && r.rcv_nxt == s.rcv_nxt && r.wnd == s.wnd &&
                    r.ts_recent == s.ts_recent && r.timestamps == s.timestamps,
                "what the record says");
    }
    // The model keeps those that the table had to drop: those that are there must be in the model, and wait
    // no longer than they should.
    void check() {
        size_t n = 0;
        for (unsigned i = 0; i < flows; ++i) {
            if (!table_.find(flow_of(i))) continue;
            ++n;
            require(now_ - model_.at(i).restarted <= wait + milliseconds(4), "it waits for ever");
        }
        require(n == table_.size() && n <= limit_, "size");
        if (n > 0) require(table_.next_timeout() != never, "no deadline");
    }

    input& in_;
    size_t limit_;
    time_wait_table table_;
    std::map<unsigned, expected> model_;
    time_point now_{std::chrono::seconds(1)};
};

class flow_trial {
 public:
    explicit flow_trial(input& in) : in_(in), limit_(in.below(256)), table_(limit_, in.u32()) {}

    void step() {
        const uint32_t hash = in_.flag() ? in_.below(4) * 0x01010101u : in_.below(256) << 20;
        const uint32_t value = 1 + in_.below(64);
        const auto match = [&](uint32_t v) { return v == value; };
        const bool there = contains(hash, value);
        require(table_.find(hash, match) == (there ? value : 0), "found, or not");
        if (in_.flag()) {
            if (!there && table_.insert(hash, value)) model_.emplace(hash, value);
        } else {
            require(table_.erase(hash, match) == (there ? value : 0), "erased, or not");
            if (there) erase(hash, value);
        }
        require(contains(hash, value) == bool(table_.find(hash, match)), "what was done shows");
        const uint32_t guess = table_.guess(hash);
        require(guess == 0 ? !model_.contains(hash) : contains(hash, guess), "the guess");
        require(table_.size() == model_.size() && table_.size() <= limit_, "size");
    }
    void check_all() const {
        for (const auto& [hash, value] : model_)
            require(table_.find(hash, [v = value](uint32_t x) { return x == v; }) == value, "lost");
        size_t n = 0;
        table_.for_each([&](uint32_t) { ++n; });
        require(n == model_.size(), "flows met");
    }

 private:
    bool contains(uint32_t hash, uint32_t value) const {
        const auto [first, last] = model_.equal_range(hash);
        return std::any_of(first, last, [&](const auto& m) { return m.second == value; });
    }
    void erase(uint32_t hash, uint32_t value) {
        const auto [first, last] = model_.equal_range(hash);
        model_.erase(std::find_if(first, last, [&](const auto& m) { return m.second == value; }));
    }

    input& in_;
    size_t limit_;
    flow_table<uint32_t> table_;
    std::multimap<uint32_t, uint32_t> model_;
};

template <typename Trial>
void try_out(input& in) {
    Trial trial(in);
    while (!in.empty()) trial.step();
    if constexpr (requires { trial.check_all(); }) trial.check_all();
}

}  // namespace

void run_tables(std::span<const uint8_t> bytes) {
    input in(bytes);
    switch (in.below(3)) {
        case 0:
            return try_out<half_open_trial>(in);
        case 1:
            return try_out<time_wait_trial>(in);
        case 2:
            return try_out<flow_trial>(in);
    }
}

}  // namespace millrace::fuzz
