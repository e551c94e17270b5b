// The pieces of one read's commands that are run at other shards, and their way back into the order of the
// replies.
#pragma once

#include "apps/kv/command.hh"
#include "apps/kv/reply.hh"
#include "apps/kv/shard_state.hh"

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::kv {

// A command, or a piece of one, to be run where its key lives.
struct operation {
    static constexpr uint32_t alone = ~0u;

    const command* what;
    key_ref key;
    uint32_t first_argument;  // in the delivery's list: all of a command, the value of a pair, or none
    uint32_t arguments;
    uint32_t combined = alone;        // the command whose result this is a part of
    int64_t result = 0;               // of a piece
    reply_builder::mark reply_end{};  // behind its reply in the delivery's
};

// Whether a command was refused for lack of memory is a result, too.
inline constexpr int64_t refused_result = -1;

// What the pieces of a command come to.
struct combined_result {
    const command* what;
    int64_t total = 0;
    bool refused = false;

    void add(int64_t result) noexcept {
        refused |= result == refused_result;
        total += result;
    }
    void add(const combined_result& other) noexcept {
        refused |= other.refused;
        total += other.total;
    }
    void reply(reply_builder& out) const;
};

// What goes to one other shard in one message. That shard runs the operations and writes results and replies
// in here, while the session that owns it waits.
struct delivery {
    std::vector<operation> operations;
    std::vector<std::string_view> arguments;
    reply_builder reply;

    void run_at(shard_state& owner, time_point now);
    void clear() noexcept;
};

// Runs a command on its key, or a piece; what throws for lack of memory is refused instead.
[[gnu::noinline]] void run_adding(const command& c, execution& x, arguments args);
inline void run_checked(const command& c, execution& x, arguments args) {
    if (c.adds_data()) return run_adding(c, x, args);
    c.run(x, args);
}
int64_t run_piece_checked(const command& c, execution& x, std::string_view value);

// Collects replies in the order of the commands; those still under way leave a gap.
class batch {
 public:
    batch(unsigned shards) : deliveries_(shards) {}

    // Replies known at once go in here.
    reply_builder& reply() noexcept { return local_; }

    // The whole reply of this operation belongs here.
    void send(unsigned shard, const command& c, const key_ref& key, arguments args);
    // A command whose pieces are not all of this shard: leaves the gap for its reply. Returns its number for
    // the next two.
    uint32_t begin_combined(const command& c);
    void add_local(uint32_t combined, const combined_result& pieces) noexcept {
        combined_[combined].add(pieces);
    }
    void send_piece(unsigned shard, uint32_t combined, const command& c, const key_ref& key, arguments value);

    bool complete() const noexcept { return gaps_.empty(); }
    // Those with operations are to be run at the shard of their number before assemble().
    std::vector<delivery>& deliveries() noexcept { return deliveries_; }
    // Fills the gaps: adds all replies to `out` in order, and empties the batch.
    void assemble(reply_builder& out);
    void clear() noexcept;

 private:
    struct gap {
        reply_builder::mark at;  // in the local replies
        uint32_t shard;          // whose delivery has the reply
        uint32_t operation;
        uint32_t combined;  // or the combination, if this is not operation::alone
    };
    uint32_t add(unsigned shard, const command& c, const key_ref& key, arguments args, uint32_t combined);

    reply_builder local_;
    std::vector<delivery> deliveries_;
    std::vector<combined_result> combined_;
    std::vector<gap> gaps_;
};

}  // namespace millrace::kv
