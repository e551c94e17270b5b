#include "net/kernel/byte_arena.hh"

#include <algorithm>
#include <memory>

namespace millrace::net {

// Outlives the arena until the last chunk comes home.
struct byte_arena::pool {
    size_t most_spare;
    size_t lent = 0;
    bool orphaned = false;
    std::vector<std::unique_ptr<chunk>> spare;
};

struct byte_arena::chunk : buffer_storage {
    explicit chunk(pool* p) : home(p) {
        begin = bytes;
        end = bytes + chunk_size;
        release = [](buffer_storage* s) noexcept { come_home(static_cast<chunk*>(s)); };
    }

    static void come_home(chunk* c) noexcept {
        std::unique_ptr<chunk> owned(c);
        pool* home = c->home;
        --home->lent;
        if (!home->orphaned && home->spare.size() < home->most_spare) home->spare.push_back(std::move(owned));
        if (home->orphaned && home->lent == 0) delete home;
    }

    pool* home;
    char bytes[chunk_size];
};

byte_arena::byte_arena(size_t spare) : pool_(new pool{.most_spare = spare, .spare = {}}) {
    pool_->spare.reserve(spare);
}

byte_arena::~byte_arena() {
    pool* p = pool_;
    p->spare.clear();
    ++p->lent;  // ours, while we let go
    let_go();
    p->orphaned = true;
    if (--p->lent == 0) delete p;
}

void byte_arena::let_go() noexcept {
    if (current_ && --current_->references == 0) chunk::come_home(current_);
    current_ = nullptr;
}

std::span<char> byte_arena::room(size_t at_least) {
    if (current_ && current_->references == 1) used_ = 0;  // nobody but us: begin anew, in warm memory
    if (!current_ || chunk_size - used_ < at_least) {
        let_go();
        if (pool_->spare.empty()) {
            current_ = new chunk(pool_);
        } else {
            current_ = pool_->spare.back().release();
            pool_->spare.pop_back();
        }
        ++pool_->lent;
        current_->references = 1;
        used_ = 0;
    }
    return {current_->begin + used_, chunk_size - used_};
}

buffer byte_arena::take(size_t n) noexcept {
    char* from = current_->begin + used_;
    used_ += n;
    return buffer::attach(*current_, from, n);
}

void byte_arena::append_copy(std::string_view bytes, std::vector<buffer>& out) {
    constexpr size_t worth_starting = 2048;
    while (!bytes.empty()) {
        const std::span<char> space = room(std::min(bytes.size(), worth_starting));
        const size_t n = std::min(bytes.size(), space.size());
        std::copy_n(bytes.data(), n, space.data());
        bytes.remove_prefix(n);
        buffer piece = take(n);
        const bool grows = !out.empty() && out.back().storage() == current_ &&
                           out.back().data() + out.back().size() == piece.data();
        if (grows)
            out.back() = buffer::attach(*current_, out.back().mutable_data(), out.back().size() + n);
        else
            out.push_back(std::move(piece));
    }
}

}  // namespace millrace::net
