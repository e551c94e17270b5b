#include "tests/support/memory_network.hh"

#include "core/coroutine.hh"
#include "net/error.hh"

#include <deque>
#include <optional>
#include <system_error>

namespace millrace::test {

namespace {

// One direction of a connection.
struct pipe {
    std::deque<buffer> data;
    size_t bytes = 0;
    bool finished = false;  // by the writer
    bool reset = false;
    std::optional<promise<>> reader, writer;

    void wake(std::optional<promise<>>& who) {
        if (!who) return;
        promise<> p = std::move(*who);
        who.reset();
        p.set_value();
    }
    void wake_all() {
        wake(reader);
        wake(writer);
    }
    static future<> wait(std::optional<promise<>>& who) {
        who.emplace();
        return who->get_future();
    }
};

class memory_stream final : public net::stream_backend {
 public:
    memory_stream(std::shared_ptr<pipe> in, std::shared_ptr<pipe> out, net::endpoint local,
                  net::endpoint remote, size_t window, size_t read_bytes)
        : in_(std::move(in)),
          out_(std::move(out)),
          local_(local),
          remote_(remote),
          window_(window),
          read_bytes_(read_bytes) {}
    ~memory_stream() override { finish(); }

    future<buffer> read() override {
        auto in = in_;
        while (in->data.empty() && !in->finished && !in->reset) co_await pipe::wait(in->reader);
        if (in->reset) throw std::system_error(net::errc::connection_reset);
        if (in->data.empty()) co_return buffer();
        buffer& first = in->data.front();
        size_t n = read_bytes_ == 0 ? first.size() : std::min(read_bytes_, first.size());
        buffer b = first.split_front(n);
        if (first.empty()) in->data.pop_front();
        in->bytes -= b.size();
        if (in->bytes < window_) in->wake(in->writer);
        co_return b;
    }
    future<> write(buffer data) override {
        auto out = out_;
        if (out->reset) throw std::system_error(net::errc::connection_reset);
        if (out->finished) throw std::system_error(net::errc::not_connected);
        if (data.empty()) co_return;
        out->bytes += data.size();
        out->data.push_back(std::move(data));
        out->wake(out->reader);
        while (out->bytes >= window_ && !out->reset) co_await pipe::wait(out->writer);
        if (out->reset) throw std::system_error(net::errc::connection_reset);
    }
    future<> write_copy(std::string_view data) override { return write(buffer::copy_of(data)); }
    future<> shutdown_write() override {
        finish();
        return make_ready_future<>();
    }
    future<> close() override {
        finish();
        return make_ready_future<>();
    }
    void abort() noexcept override {
        for (auto& p : {in_, out_}) {
            p->reset = true;
            p->wake_all();
        }
    }
    bool connected() const noexcept override { return !out_->finished && !out_->reset; }
    net::endpoint local() const noexcept override { return local_; }
    net::endpoint remote() const noexcept override { return remote_; }
    void set(const net::stream_settings&) noexcept override {}

 private:
    void finish() {
        out_->finished = true;
        out_->wake(out_->reader);
    }

    std::shared_ptr<pipe> in_, out_;
    net::endpoint local_, remote_;
    size_t window_, read_bytes_;
};

}  // namespace

struct memory_listener_state {
    net::endpoint local;
    std::deque<net::stream> waiting;
    std::optional<promise<>> acceptor;
    bool closed = false;

    void wake() {
        if (!acceptor) return;
        promise<> p = std::move(*acceptor);
        acceptor.reset();
        p.set_value();
    }
};

namespace {

class memory_listener final : public net::listener_backend {
 public:
    explicit memory_listener(std::shared_ptr<memory_listener_state> s) : state_(std::move(s)) {}
    ~memory_listener() override { close(); }

    future<std::optional<net::stream>> accept() override {
        auto s = state_;
        while (s->waiting.empty() && !s->closed) {
            s->acceptor.emplace();
            co_await s->acceptor->get_future();
        }
        if (s->closed) co_return std::nullopt;
        net::stream first = std::move(s->waiting.front());
        s->waiting.pop_front();
        co_return std::optional<net::stream>(std::move(first));
    }
    void close() noexcept override {
        state_->closed = true;
        state_->waiting.clear();
        state_->wake();
    }
    net::endpoint local() const noexcept override { return state_->local; }

 private:
    std::shared_ptr<memory_listener_state> state_;
};

}  // namespace

memory_network::memory_network() = default;
memory_network::~memory_network() = default;

net::listener memory_network::listen(net::listen_options options) {
    uint16_t port = options.port ? options.port : next_port_++;
    auto& there = listeners_[port];
    if (there && !there->closed) throw std::system_error(net::errc::address_in_use);
    there = std::make_shared<memory_listener_state>();
    there->local = {options.address, port};
    return net::listener(std::make_unique<memory_listener>(there));
}

future<net::stream> memory_network::connect(net::endpoint remote, net::connect_options) {
    auto found = listeners_.find(remote.port);
    if (found == listeners_.end() || found->second->closed)
        return make_exception_future<net::stream>(std::system_error(net::errc::connection_refused));
    auto there = std::make_shared<pipe>(), back = std::make_shared<pipe>();
    net::endpoint local{remote.address, next_port_++};
    found->second->waiting.emplace_back(
        std::make_unique<memory_stream>(there, back, remote, local, window, read_bytes));
    found->second->wake();
    return make_ready_future<net::stream>(
        std::make_unique<memory_stream>(back, there, local, remote, window, read_bytes));
}

net::datagram memory_network::open_datagram(net::endpoint) {
    throw std::system_error(std::make_error_code(std::errc::operation_not_supported));
}

future<> memory_network::stop() {
    for (auto& [port, l] : listeners_) {
        l->closed = true;
        l->waiting.clear();
        l->wake();
    }
    return make_ready_future<>();
}

}  // namespace millrace::test
