#include "apps/perf/server.hh"

#include "apps/perf/protocol.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/shard.hh"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <system_error>

namespace millrace::perf {

namespace {

logger log("perf");

// One connection.
class session {
 public:
    session(net::stream s, const pattern& p, bool check, served& all)
        : stream_(std::move(s)), pattern_(p), check_(check), served_(all) {}

    future<> run() {
        net::endpoint peer = stream_.remote();
        try {
            co_await serve();
            co_await stream_.close();
        } catch (const std::system_error& e) {
            log.debug("{}: {}", peer, e.what());
        }
    }

 private:
    future<> serve() {
        std::string first;
        while (opening_of(first) == opening::unknown) {
            const buffer b = co_await stream_.read();
            if (!count(b)) break;
            first += b.view();
        }
        switch (opening_of(first)) {
            case opening::stream:
                co_return co_await stream(*hello::parse(std::string_view(first).substr(0, hello::size)),
                                          first.substr(hello::size));
            case opening::resp:
                co_return co_await respond(std::move(first));
            case opening::unknown:
            case opening::echo:
                co_return co_await echo(std::move(first));
        }
    }

    // False at the end of the stream.
    bool count(const buffer& b) noexcept {
        served_.reads += bool(b);
        served_.bytes += b.size();
        return bool(b);
    }

    future<> echo(std::string first) {
        if (!first.empty()) co_await stream_.write(std::string_view(first));
        while (true) {
            buffer b = co_await stream_.read();
            if (!count(b)) co_return;
            co_await stream_.write(std::move(b));
        }
    }

    future<> respond(std::string first) {
        responder r(served_.store);
        std::string replies;
        // Each shard has keys of its own, and a client does not know which of its connections comes to which.
        const bool alone = shard_count() == 1;
        bool good = alone && r.feed(first, replies);
        if (!alone) replies = "-ERR millrace-perf answers this on one shard only\r\n";
        while (true) {
            served_.commands += r.take_answered();
            if (!replies.empty()) co_await stream_.write(std::string_view(replies));
            replies.clear();
            if (!good) co_return;
            const buffer b = co_await stream_.read();
            if (!count(b)) co_return;
            good = r.feed(b.view(), replies);
        }
    }

    future<> stream(hello h, std::string behind) {
        take(behind);
        future<> sending = h.what == workload::write ? make_ready_future<>() : send(h.message);
        future<> receiving = receive();
        co_await settled(receiving);
        finished_ = true;  // the client has all it wants
        if (receiving.failed()) stream_.abort();
        co_await settled(sending);
        sending.ignore_ready_future();  // the client may leave in the middle of a message
        co_await std::move(receiving);
        if (h.what == workload::write) co_await stream_.write(std::to_string(received_));
    }

    future<> send(size_t message) {
        for (uint64_t place = 0; !finished_; place += message)
            co_await stream_.write(buffer::unowned(pattern_.at(place, message)));
    }

    future<> receive() {
        while (true) {
            const buffer b = co_await stream_.read();
            if (!count(b)) co_return;
            take(b.view());
        }
    }

    void take(std::string_view bytes) {
        if (check_ && !pattern_.matches(received_, bytes)) {
            log.warn("{} sent other bytes than expected near byte {}", stream_.remote(), received_);
            throw std::system_error(std::make_error_code(std::errc::bad_message));
        }
        received_ += bytes.size();
    }

    net::stream stream_;
    const pattern& pattern_;
    bool check_;
    served& served_;
    uint64_t received_ = 0;
    bool finished_ = false;
};

future<> answer(net::stream s, const pattern& p, bool check, served& all) {
    ++all.connections;
    session here(std::move(s), p, check, all);
    co_await here.run();
}

}  // namespace

future<> serve(net::network& network, net::listen_options where, const pattern& p, bool check, served& s) {
    net::listener listener = network.listen(where);
    while (auto c = co_await listener.accept()) background(answer(std::move(*c), p, check, s));
}

std::string farewell(const served& s, duration cpu) {
    const double seconds = std::chrono::duration<double>(cpu).count();
    std::string out =
        fmt::format("served {} connections, {} commands, {} reads of {} bytes in all; {:.2f} s of CPU",
                    s.connections, s.commands, s.reads, s.bytes, seconds);
    if (s.reads > 0) out += fmt::format(", {:.3f} us for a read", seconds * 1e6 / double(s.reads));
    return out;
}

}  // namespace millrace::perf
