#include "apps/kv/batch.hh"

#include <algorithm>
#include <new>
#include <vector>

namespace millrace::kv {

namespace {

constexpr size_t fetched_ahead = 16;    // keys: as many are run while the memory brings one
constexpr size_t kept_elements = 4096;  // about as many commands as a usual read has room for

// Forgets what is in it, and memory beyond what a usual read needs: workspaces are kept.
template <typename T>
void forget(std::vector<T>& v) noexcept {
    v.clear();
    if (v.capacity() > kept_elements) std::vector<T>().swap(v);
}

}  // namespace

void run_adding(const command& c, execution& x, arguments args) {
    if (x.keys.full()) {
        x.keys.count_refusal();
        return x.reply.error(errors::out_of_memory);
    }
    const size_t begin = x.reply.text().size();
    try {
        c.run(x, args);
    } catch (const std::bad_alloc&) {
        x.keys.count_refusal();
        x.reply.cut(begin);
        x.reply.error(errors::out_of_memory);
    }
}

int64_t run_piece_checked(const command& c, execution& x, std::string_view value) {
    if (!c.adds_data()) return c.piece(x, value);
    try {
        if (!x.keys.full()) return c.piece(x, value);
    } catch (const std::bad_alloc&) {
        // Refused like a key too many.
    }
    x.keys.count_refusal();
    return refused_result;
}

void combined_result::reply(reply_builder& out) const {
    if (refused)
        out.error(errors::out_of_memory);
    else if (what->combine == combination::sum)
        out.integer(total);
    else
        out.ok();
}

void delivery::run_at(shard_state& owner, time_point now) {
    execution x = owner.execution_into(reply, now, false);
    owner.keys.move_on();
    const bool far = owner.keys.far();
    const size_t ahead = far ? std::min(operations.size(), fetched_ahead) : 0;
    for (size_t i = 0; i < ahead; ++i) owner.keys.prefetch(operations[i].key.hash);
    for (size_t i = 0; i < operations.size(); ++i) {
        operation& o = operations[i];
        if (far && i + fetched_ahead < operations.size())
            owner.keys.prefetch(operations[i + fetched_ahead].key.hash);
        x.key = o.key;
        std::span<const std::string_view> args(arguments.data() + o.first_argument, o.arguments);
        if (o.what->run && reply.bytes() > x.limits.reply_bytes)
            reply.error(errors::reply_too_long);  // copies for another shard, not references
        else if (o.what->run)
            run_checked(*o.what, x, args);
        else
            o.result = run_piece_checked(*o.what, x, args.empty() ? std::string_view() : args[0]);
        o.reply_end = reply.end();
    }
}

void delivery::clear() noexcept {
    forget(operations);
    forget(arguments);
    reply.clear();
}

uint32_t batch::add(unsigned shard, const command& c, const key_ref& key, arguments args, uint32_t combined) {
    delivery& d = deliveries_[shard];
    d.operations.push_back({&c, key, uint32_t(d.arguments.size()), uint32_t(args.size()), combined});
    d.arguments.insert(d.arguments.end(), args.begin(), args.end());
    return uint32_t(d.operations.size() - 1);
}

void batch::send(unsigned shard, const command& c, const key_ref& key, arguments args) {
    uint32_t number = add(shard, c, key, args, operation::alone);
    gaps_.push_back({local_.end(), shard, number, operation::alone});
}

uint32_t batch::begin_combined(const command& c) {
    combined_.push_back({&c});
    uint32_t number = uint32_t(combined_.size() - 1);
    gaps_.push_back({local_.end(), 0, 0, number});
    return number;
}

void batch::send_piece(unsigned shard, uint32_t combined, const command& c, const key_ref& key,
                       arguments value) {
    add(shard, c, key, value, combined);
}

void batch::assemble(reply_builder& out) {
    for (auto& d : deliveries_)
        for (auto& o : d.operations)
            if (o.combined != operation::alone) combined_[o.combined].add(o.result);
    reply_builder::mark done{};
    for (const auto& g : gaps_) {
        out.append(local_, done, g.at);
        done = g.at;
        if (g.combined != operation::alone) {
            combined_[g.combined].reply(out);
            continue;
        }
        const delivery& d = deliveries_[g.shard];
        auto begin = g.operation == 0 ? reply_builder::mark{} : d.operations[g.operation - 1].reply_end;
        out.append(d.reply, begin, d.operations[g.operation].reply_end);
    }
    out.append(local_, done, local_.end());
    clear();
}

void batch::clear() noexcept {
    local_.clear();
    forget(gaps_);
    forget(combined_);
    for (auto& d : deliveries_) d.clear();
}

}  // namespace millrace::kv
