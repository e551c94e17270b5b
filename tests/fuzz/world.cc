// Two hosts with our whole stack at the ends of a wire that does what the bytes say, and applications that
// do, too. What arrives is the beginning of what was sent; once the wire is good, everything ends, and
// nothing is left (tests/support/sim_hosts.hh).
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/sleep.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/stream_bytes.hh"
#include "tests/fuzz/target.hh"
#include "tests/support/sim_hosts.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace millrace::fuzz {
namespace {

using std::chrono::milliseconds;

constexpr uint16_t server_port = 7, first_client_port = 40'000;

enum class ending : uint8_t { in_order, unread, aborted, early };

// One end of a connection.
struct side {
    uint8_t stream = 0;  // that it writes
    std::vector<uint16_t> writes;
    ending how = ending::in_order;
    milliseconds pause{0};  // between its calls

    size_t written = 0, received = 0;
    bool started = false, done = false, wrong = false;
    std::error_code error{};
};

struct conversation {
    side client, server;
};

future<> write_all(net::stream& s, side& me) {
    for (const uint16_t n : me.writes) {
        if (me.pause.count() > 0) co_await sleep(me.pause);
        const std::string text = stream_bytes(me.stream, uint32_t(me.written), n);
        me.written += n;
        co_await s.write(std::string_view(text));
    }
    if (me.how == ending::in_order) co_await s.shutdown_write();
}

future<> read_all(net::stream& s, side& me, const side& peer) {
    while (buffer b = co_await s.read()) {
        me.wrong |= !is_stream_bytes(peer.stream, uint32_t(me.received), b.view());
        me.received += b.size();
        if (me.how == ending::early) co_return;
        if (me.pause.count() > 0) co_await sleep(me.pause);
    }
}

future<> play(net::stream s, side& me, const side& peer) {
    me.started = true;
    try {
        future<> writing = write_all(s, me);
        if (me.how == ending::in_order || me.how == ending::early) {
            future<> reading = read_all(s, me, peer);
            co_await settled(reading);
            co_await settled(writing);
            if (reading.failed() && writing.failed()) writing.ignore_ready_future();
            reading.get();
            writing.get();
            co_await s.close();
        } else {
            co_await std::move(writing);
            if (me.how == ending::aborted) s.abort();
        }
    } catch (const std::system_error& e) {
        me.error = e.code();
    }
    me.done = true;
}

class trial {
 public:
    explicit trial(input& in)
        : in_(in), all_(1 + in.below(3)), hosts_(1 + in.below(256), good_wire(), settings()) {
        for (size_t i = 0; i < all_.size(); ++i) {
            all_[i].client = draw(uint8_t(2 * i));
            all_[i].server = draw(uint8_t(2 * i + 1));
        }
    }

    void run() {
        hosts_.b.run([this](net::network& n) {
            listener_ = n.listen({.port = server_port});
            background(serve());
        });
        hosts_.a.run([this](tcp::native_network& n) {
            for (size_t i = 0; i < all_.size(); ++i) background(connect(n, i));
        });
        // A turn of each host at a time, so that each burst of frames meets another wire.
        while (!in_.empty() && !all_done()) {
            decide(net::wire_end::a);
            decide(net::wire_end::b);
            if (hosts_.world.step() == net::world::progress::idle) break;
        }
        hosts_.wire.impair(net::wire_end::a, good_wire().a_to_b);
        hosts_.wire.impair(net::wire_end::b, good_wire().b_to_a);
        require(hosts_.world.run_until([this] { return all_done(); }, std::chrono::hours(3)),
                "somebody waits for ever");
        hosts_.b.run([this](net::network&) { listener_.reset(); });
        require(hosts_.world.run_until_idle(std::chrono::hours(3)), "something goes on for ever");
        for (const auto& c : all_) check(c);
        const std::string left = hosts_.leftovers();
        require(left.empty(), left);
    }

 private:
    static net::wire_setup good_wire() {
        net::wire_setup setup;
        setup.a_to_b.delay = setup.b_to_a.delay = milliseconds(1);
        return setup;
    }
    // A reset may be lost, and who waits for data and owes none hears of the end by a probe alone.
    static tcp::native_settings settings() {
        tcp::native_settings s;
        s.tcp.keepalive = true;
        s.tcp.keepalive_idle = std::chrono::minutes(1);
        return s;
    }
    side draw(uint8_t stream) {
        side s;
        s.stream = stream;
        s.writes.resize(in_.below(5));
        for (auto& n : s.writes) n = uint16_t(1 + (in_.flag() ? in_.below(200) : in_.below(40'000)));
        if (in_.below(4) == 1) s.how = ending(in_.below(4));
        if (in_.below(4) == 1) s.pause = milliseconds(in_.u8());
        return s;
    }

    // What becomes of the frames that this end sends next.
    void decide(net::wire_end from) {
        net::wire_options o = good_wire().a_to_b;
        switch (in_.below(8)) {
            case 1:
                o.loss = 1;
                is_lossy_ = true;
                break;
            case 2:
                o.duplicate = 1;
                break;
            case 3:
                o.reorder = 1;
                o.reorder_hold = milliseconds(20);
                break;
            case 4:
                o.corrupt = 1;
                is_lossy_ = true;
                break;
            case 5:
                o.delay = milliseconds(50);
                break;
        }
        hosts_.wire.impair(from, o);
    }

    future<> connect(tcp::native_network& n, size_t i) {
        side& me = all_[i].client;
        try {
            const net::endpoint local{hosts_.a.address, uint16_t(first_client_port + i)};
            net::stream s = co_await n.connect({hosts_.b.address, server_port}, {.local = local});
            co_await play(std::move(s), me, all_[i].server);
        } catch (const std::system_error& e) {
            me.error = e.code();
        }
        me.started = me.done = true;
    }
    future<> serve() {
        while (auto s = co_await listener_->accept()) {
            const auto i = size_t(s->remote().port - first_client_port);
            if (i < all_.size() && !all_[i].server.started)
                background(play(std::move(*s), all_[i].server, all_[i].client));
        }
    }

    bool all_done() const {
        return std::ranges::all_of(all_, [](const conversation& c) {
            return c.client.done && (c.server.done || !c.server.started);
        });
    }
    void check(const conversation& c) const {
        require(c.client.done && c.server.done == c.server.started, "somebody is not done");
        require(!c.client.wrong && !c.server.wrong, "other bytes than were sent");
        require(c.client.received <= c.server.written && c.server.received <= c.client.written,
                "more than was sent");
        if (c.client.how != ending::in_order || c.server.how != ending::in_order) return;
        const bool failed = c.client.error || c.server.error;
        if (!is_lossy_)
            require(!failed, fmt::format("failed on a good wire: {} and {}", c.client.error.message(),
                                         c.server.error.message()));
        if (!failed)
            require(c.client.received == c.server.written && c.server.received == c.client.written,
                    "the end came before all that was sent");
    }

    input& in_;
    std::vector<conversation> all_;
    std::optional<net::listener> listener_;
    bool is_lossy_ = false;
    test::two_hosts hosts_;
};

}  // namespace

void run_world(std::span<const uint8_t> bytes) {
    input in(bytes);
    trial(in).run();
}

}  // namespace millrace::fuzz
