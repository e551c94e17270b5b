// socket: a connection together with its way to the peer, its timer and what its user waits for, in one
// allocation.
#pragma once

#include "core/frame_cache.hh"
#include "core/prefetch.hh"
#include "core/promise.hh"
#include "core/timer.hh"
#include "net/path.hh"
#include "net/stream.hh"
#include "tcp/connection/connection.hh"
#include "tcp/host/waiter.hh"
#include "tcp/listen/four_tuple.hh"

#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string_view>

namespace millrace::tcp {

class stack;

// Of a connection while it opens, by either side.
struct opening_notes {
    std::optional<promise<net::stream>> opener;  // who has called connect()
    std::optional<fast_open_cookie> cookie;      // for the SYN, or for the SYN-ACK (RFC 7413)
};

// Who waits for room in the send buffer with the data that found none, or after close() for the end.
struct waiting_writer : frame_cached {
    promise<> done;
    buffer unwritten;
};

class socket;
struct socket_deleter {
    void operator()(socket* s) const noexcept;
};
using owned_socket = std::unique_ptr<socket, socket_deleter>;

// Owned by its stack while the connection is in the table, and by the user's stream; gone when both are. The
// stream has it as its backend and deletes it in the end: which here means release().
class socket final : public net::stream_backend, private timer {
 public:
    // Active open.
    static owned_socket make(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way,
                             const opening& o);
    // Passive open; the listener of this number gets it when it is established.
    static owned_socket make(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way,
                             const opening& o, const passive_opening& p, uint32_t listener);
    socket(const socket&) = delete;
    socket& operator=(const socket&) = delete;
    static void operator delete(socket* s, std::destroying_delete_t) noexcept { s->release(); }

    // The stack's side.
    four_tuple flow() const noexcept {
        return {.local = {way_.source(), local_port_}, .remote = {way_.destination(), remote_port_}};
    }
    bool is_of(const four_tuple& f) const noexcept {
        return remote_port_ == f.remote.port && local_port_ == f.local.port &&
               way_.destination() == f.remote.address && way_.source() == f.local.address;
    }
    uint16_t local_port() const noexcept { return local_port_; }
    uint16_t remote_port() const noexcept { return remote_port_; }
    // Its place in the stack's list of all sockets.
    uint32_t place() const noexcept { return place_; }
    void set_place(uint32_t p) noexcept { place_ = p; }
    uint32_t hash() const noexcept { return hash_; }
    connection& protocol() noexcept { return connection_; }
    // Fetches ahead what a plain segment and its answer touch.
    void prefetch() const noexcept { millrace::prefetch(this, sizeof *this); }
    // And who waits to read, and the data that is sent or acknowledged first: which is known once that is
    // here.
    void prefetch_pointees() const noexcept {
        if (reading_) reader_.prefetch();
        prefetch_data();
    }
    void prefetch_data() const noexcept { connection_.prefetch_data(); }
    net::path& way() noexcept { return way_; }
    bool held_by_user() const noexcept { return held_; }
    // Was in use by both ends: not a refused attempt.
    bool was_established() const noexcept { return established_; }
    // For the first SYN or SYN-ACK; null if there is none.
    const fast_open_cookie* cookie() const noexcept {
        return opening_ && opening_->cookie ? &*opening_->cookie : nullptr;
    }
    // In use before its handshake is complete, by a good cookie in the peer's SYN; the stack counts these.
    bool fast_open_pending() const noexcept { return fast_open_pending_; }
    void set_fast_open_pending(const std::optional<fast_open_cookie>& renewed);
    // Brings the shard's account of what it holds up to date; with nothing, when it goes.
    void settle(net::memory_budget& memory) noexcept { settle(memory, held()); }
    void settle_with_nothing(net::memory_budget& memory) noexcept { settle(memory, {}); }
    // Tells those who wait what has happened in the connection.
    void deliver() noexcept {
        if (connection_.has_events()) deliver_events();
    }
    // The payload of a plain segment: to whoever waits for it, or kept.
    void on_payload(buffer&& payload) noexcept;
    // All of its segments were pulled: waits for its next deadline. The timer is only ever moved to an
    // earlier time; one that strikes too early costs less than moving it with every segment.
    void rearm() noexcept {
        const time_point next = connection_.next_timeout();
        if (next < deadline()) arm(next);
    }
    // The connection is over and no longer in the table.
    void retire() noexcept;
    bool retired() const noexcept { return retired_; }
    // The stack goes. Destroys the socket unless the user holds it.
    void on_stack_gone() noexcept;
    net::stream make_stream();
    future<net::stream> connected_stream(const std::optional<fast_open_cookie>& cookie);

    // The user's side.
    future<buffer> read() override;
    future<> write(buffer data) override;
    future<> write_copy(std::string_view data) override;
    future<> shutdown_write() override;
    future<> close() override;
    void abort() noexcept override;
    bool connected() const noexcept override { return can_write() && !user_closed_; }
    net::endpoint local() const noexcept override { return flow().local; }
    net::endpoint remote() const noexcept override { return flow().remote; }
    void set(const net::stream_settings& s) noexcept override;
    // The same of one that is not in the table yet: the stack does not hear of it.
    void prepare(const net::stream_settings& s) noexcept;

 private:
    friend class dirty_list;
    friend socket_deleter;
    socket(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way, const opening& o);
    socket(stack& owner, const four_tuple& flow, uint32_t hash, const net::path& way, const opening& o,
           const passive_opening& p, uint32_t listener);
    ~socket() override = default;

    // The stream was dropped.
    void release() noexcept;
    void on_expire() noexcept override;
    void touch() noexcept;
    void touch_to_send() noexcept;
    bool can_write() const noexcept {
        return stack_ && !write_shut_ && !aborted_ && !connection_.is_closed();
    }
    held_memory held() const noexcept {
        held_memory h = connection_.held();
        if (writer_) h.unacknowledged += uint32_t(writer_->unwritten.size());
        return h;
    }
    void settle(net::memory_budget& memory, const held_memory& now) noexcept;
    std::error_code failure() const noexcept;
    future<> wait_as_writer(buffer&& unwritten = {});
    void deliver_events() noexcept;
    void deliver_connected(events e) noexcept;
    void deliver_read() noexcept;
    void deliver_write() noexcept;
    void deliver_failure() noexcept;

    // What a look-up touches comes before all; then what plain segments touch, into the last line.
    net::path way_;
    uint32_t hash_;
    uint16_t local_port_;
    uint16_t remote_port_;
    socket* next_dirty_ = nullptr;
    stack* stack_;  // null when it is gone
    bool dirty_ = false;
    bool reading_ = false;  // somebody waits for reader_
    bool held_ = false;     // by a stream
    bool user_closed_ = false;
    bool established_ : 1 = false;
    bool write_shut_ : 1 = false;
    bool aborted_ : 1 = false;  // by us
    bool retired_ : 1 = false;
    bool fast_open_pending_ : 1 = false;
    std::unique_ptr<waiting_writer> writer_;  // if there is one
    waiter<buffer> reader_;
    held_memory account_;  // what the shard's budget knows of
    connection connection_;
    std::unique_ptr<opening_notes> opening_;  // if there is anything to note
    uint32_t place_ = 0;
    uint32_t listener_ = 0;  // that gets it; 0: none
};

// Eleven granules of the frame cache: as many as there may be of what else an idle connection has, a
// coroutine and its places in tables, below 1 KiB.
static_assert(sizeof(socket) <= 704);

inline void socket::settle(net::memory_budget& memory, const held_memory& now) noexcept {
    using net::memory_use;
    if (now.unacknowledged != account_.unacknowledged)
        memory.change(memory_use::unacknowledged, account_.unacknowledged, now.unacknowledged);
    if (now.unread != account_.unread) memory.change(memory_use::unread, account_.unread, now.unread);
    account_ = now;
}

// The sockets that may have something to send in this turn, in the order in which they were touched.
class dirty_list {
 public:
    bool empty() const noexcept { return first_ == nullptr; }
    void push(socket& s) noexcept {
        if (s.dirty_) return;
        s.dirty_ = true;
        s.next_dirty_ = nullptr;
        (first_ ? last_->next_dirty_ : first_) = &s;
        last_ = &s;
    }
    // There must be one.
    socket& pop() noexcept {
        socket& s = *first_;
        first_ = s.next_dirty_;
        s.dirty_ = false;
        return s;
    }
    // Fetches ahead what the next two will be asked for: one is on its way here since the last call. They may
    // have waited for long.
    void fetch_ahead() const noexcept {
        if (!first_) return;
        if (const socket* second = first_->next_dirty_) second->prefetch();
        first_->prefetch_data();
    }
    // All of another list, whose sockets are in no list but that.
    void append(dirty_list& other) noexcept {
        if (other.empty()) return;
        (first_ ? last_->next_dirty_ : first_) = other.first_;
        last_ = other.last_;
        other.first_ = nullptr;
    }

 private:
    socket* first_ = nullptr;
    socket* last_ = nullptr;
};

}  // namespace millrace::tcp
