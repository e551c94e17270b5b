#include "apps/perf/server.hh"

#include "apps/perf/protocol.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"

#include <optional>
#include <string>
#include <system_error>

namespace millrace::perf {

namespace {

logger log("perf");

// One connection.
class session {
 public:
    session(net::stream s, const pattern& p, bool check)
        : stream_(std::move(s)), pattern_(p), check_(check) {}

    future<> run() {
        net::endpoint peer = stream_.remote();
        try {
            auto wanted = co_await greet();
            if (wanted)
                co_await stream(*wanted);
            else
                co_await echo();
            co_await stream_.close();
        } catch (const std::system_error& e) {
            log.debug("{}: {}", peer, e.what());
        }
    }

 private:
    // Reads until it is known whether the connection begins with a hello; what is no hello is echoed.
    future<std::optional<hello>> greet() {
        std::string first;
        while (first.size() < hello::size) {
            buffer b = co_await stream_.read();
            if (!b) break;
            size_t n = std::min(b.size(), hello::size - first.size());
            first.append(b.view().substr(0, n));
            b.trim_front(n);
            rest_ = std::move(b);
            if (!hello::magic.starts_with(first.substr(0, hello::magic.size()))) break;
        }
        auto h = hello::parse(first);
        if (h) co_return h;
        co_await stream_.write(first);
        if (rest_) co_await stream_.write(std::move(rest_));
        co_return std::nullopt;
    }

    future<> echo() {
        while (buffer b = co_await stream_.read()) co_await stream_.write(std::move(b));
    }

    future<> stream(hello h) {
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
        take(rest_);
        while (buffer b = co_await stream_.read()) take(b);
    }

    void take(const buffer& b) {
        if (check_ && !pattern_.matches(received_, b.view())) {
            log.warn("{} sent other bytes than expected near byte {}", stream_.remote(), received_);
            throw std::system_error(std::make_error_code(std::errc::bad_message));
        }
        received_ += b.size();
    }

    net::stream stream_;
    const pattern& pattern_;
    bool check_;
    buffer rest_;  // behind the hello
    uint64_t received_ = 0;
    bool finished_ = false;
};

future<> answer(net::stream s, const pattern& p, bool check) {
    session here(std::move(s), p, check);
    co_await here.run();
}

}  // namespace

future<> serve(net::network& network, net::listen_options where, const pattern& p, bool check) {
    net::listener listener = network.listen(where);
    while (auto s = co_await listener.accept()) background(answer(std::move(*s), p, check));
}

}  // namespace millrace::perf
