#include "tests/packet_script/sockets.hh"

#include "core/background.hh"
#include "net/error.hh"

#include <algorithm>
#include <system_error>

namespace millrace::packet_script {
namespace {

std::string errno_name(const std::error_code& e) {
    constexpr std::pair<net::errc, const char*> names[] = {
        {net::errc::connection_reset, "ECONNRESET"},
        {net::errc::connection_refused, "ECONNREFUSED"},
        {net::errc::timed_out, "ETIMEDOUT"},
        {net::errc::host_unreachable, "EHOSTUNREACH"},
        {net::errc::network_unreachable, "ENETUNREACH"},
        {net::errc::connection_aborted, "ECONNABORTED"},
        {net::errc::address_in_use, "EADDRINUSE"},
        {net::errc::not_connected, "ENOTCONN"},
        {net::errc::closed, "EPIPE"},
        {net::errc::address_not_available, "EADDRNOTAVAIL"}};
    for (const auto& [code, name] : names)
        if (e == code) return name;
    return e.message();
}

outcome failed(std::string error) {
    return {-1, std::move(error)};
}

// What a future that is available came to, its value handed to `take`.
template <typename T, typename Take>
outcome settle(future<T>& f, Take take) {
    try {
        return {take(f.get())};
    } catch (const std::system_error& e) {
        return failed(errno_name(e.code()));
    }
}

template <typename T>
void forget(future<T> f) {
    background(std::move(f).discard_result().handle_exception([](std::exception_ptr) {}));
}

template <typename T>
void forget(std::optional<future<T>>& f) {
    if (f) forget(std::move(*f));
    f.reset();
}

// sin_port = htons(8080) somewhere in an address.
std::optional<uint16_t> port_in(const argument& a) {
    if (a.what == argument::kind::call && a.name == "htons" && a.parts.size() == 1)
        return uint16_t(a.parts[0].number);
    for (const argument& part : a.parts)
        if (auto p = port_in(part)) return p;
    return std::nullopt;
}

// The number in [1], or 1.
std::optional<int64_t> plain(const argument& a) {
    if (a.what == argument::kind::number) return a.number;
    if (a.what == argument::kind::list && a.parts.size() == 1) return plain(a.parts[0]);
    return std::nullopt;
}

}  // namespace

void sockets::descriptor::forget_calls() {
    forget(accepting);
    forget(connecting);
    forget(reading);
    forget(writing);
}

sockets::~sockets() {
    reactor::scope here(host_.host);
    for (auto& [fd, d] : descriptors_) d.forget_calls();
    descriptors_.clear();
}

std::optional<outcome> sockets::go_on(const call_event& c, unsigned line) {
    line_ = line;
    constexpr std::pair<std::string_view, call> calls[] = {{"socket", &sockets::socket},
                                                           {"bind", &sockets::bind},
                                                           {"listen", &sockets::listen},
                                                           {"accept", &sockets::accept},
                                                           {"connect", &sockets::connect},
                                                           {"read", &sockets::read},
                                                           {"recv", &sockets::read},
                                                           {"write", &sockets::write},
                                                           {"send", &sockets::write},
                                                           {"close", &sockets::close},
                                                           {"shutdown", &sockets::shutdown},
                                                           {"fcntl", &sockets::fcntl},
                                                           {"setsockopt", &sockets::setsockopt},
                                                           {"getsockopt", &sockets::getsockopt},
                                                           {"sendto", &sockets::sendto},
                                                           {"recvfrom", &sockets::read}};
    for (const auto& [known, f] : calls) {
        if (known != c.name) continue;
        reactor::scope here(host_.host);
        return (this->*f)(c);
    }
    lacks("the call " + c.name + "()");
}

void sockets::lacks(const std::string& what) const {
    throw script_error(script_error::kind::unsupported, line_, what);
}

const argument& sockets::at(const call_event& c, size_t i) const {
    if (i >= c.arguments.size())
        throw script_error(script_error::kind::malformed, line_, c.name + "() has too few arguments");
    return c.arguments[i];
}

int64_t sockets::number(const call_event& c, size_t i) const {
    const auto n = plain(at(c, i));
    if (!n) throw script_error(script_error::kind::malformed, line_, c.name + "(): a number is missing");
    return *n;
}

std::string sockets::name(const call_event& c, size_t i) const {
    return at(c, i).name;
}

sockets::descriptor& sockets::of(const call_event& c) {
    const auto found = descriptors_.find(number(c, 0));
    if (found == descriptors_.end())
        throw script_error(script_error::kind::malformed, line_,
                           c.name + "() of a descriptor that is not open");
    return found->second;
}

sockets::answer sockets::blocked(descriptor& d) const {
    if (d.waits) return std::nullopt;
    return failed("EAGAIN");
}

sockets::answer sockets::socket(const call_event& c) {
    if (!name(c, 1).starts_with("SOCK_STREAM")) lacks("sockets other than SOCK_STREAM");
    const int64_t fd = c.result.value_or(3);
    descriptors_[fd].waits = name(c, 1).find("SOCK_NONBLOCK") == std::string::npos;
    return outcome{fd};
}

sockets::answer sockets::bind(const call_event& c) {
    if (const auto p = port_in(at(c, 1))) of(c).port = *p;
    return outcome{0};
}

sockets::answer sockets::listen(const call_event& c) {
    descriptor& d = of(c);
    d.backlog = unsigned(std::max<int64_t>(number(c, 1), 1));
    return open_listener(d);
}

sockets::answer sockets::open_listener(descriptor& d) {
    try {
        d.listener = host_.network->listen(
            {.port = d.port, .backlog = d.backlog, .settings = d.settings, .fast_open = d.fast_open});
    } catch (const std::system_error& e) {
        return failed(errno_name(e.code()));
    }
    return outcome{0};
}

sockets::answer sockets::accept(const call_event& c) {
    descriptor& d = of(c);
    if (!d.listener) return failed("EINVAL");
    if (!d.accepting) d.accepting = d.listener.accept();
    if (!d.accepting->available()) return blocked(d);
    std::optional<net::stream> s = d.accepting->get();
    d.accepting.reset();
    if (!s) return failed("EINVAL");
    const int64_t fd = c.result.value_or(4);
    descriptor& made = descriptors_[fd];
    made.stream = std::move(*s);
    made.settings = d.settings;
    return outcome{fd};
}

sockets::answer sockets::connect(const call_event& c) {
    descriptor& d = of(c);
    if (d.stream) return failed("EISCONN");
    const bool begins = !d.connecting;
    if (begins) d.connecting = host_.network->connect(peer_, {.local = std::nullopt, .settings = d.settings});
    if (!d.connecting->available()) {
        if (d.waits) return std::nullopt;
        return failed(begins ? "EINPROGRESS" : "EALREADY");
    }
    const outcome o = settle(*d.connecting, [&](net::stream s) {
        d.stream = std::move(s);
        return 0;
    });
    d.connecting.reset();
    return o;
}

sockets::answer sockets::sendto(const call_event& c) {
    if (c.arguments.size() < 4 || name(c, 3).find("MSG_FASTOPEN") == std::string::npos) return write(c);
    return send_with_syn(c);
}

// Begins a connection: RFC 7413. Who does not wait is told the same whether the data went with the SYN or
// will go behind it.
sockets::answer sockets::send_with_syn(const call_event& c) {
    descriptor& d = of(c);
    if (d.stream) return failed("EISCONN");
    const auto n = size_t(number(c, 2));
    if (n == 0 || c.error == "EINPROGRESS") lacks("sendto(MSG_FASTOPEN) that keeps nothing to send");
    if (!d.connecting) {
        const std::string data(n, 'y');
        d.connecting =
            host_.network->connect(peer_, {.local = {}, .settings = d.settings, .first_data = data});
    }
    if (!d.connecting->available()) return d.waits ? std::nullopt : answer(outcome{int64_t(n)});
    outcome o = *connect(c);
    if (o.result == 0) o.result = int64_t(n);
    return o;
}

sockets::answer sockets::read(const call_event& c) {
    descriptor& d = of(c);
    const auto wanted = size_t(number(c, 2));
    if (d.connecting && d.connecting->available()) (void)connect(c);
    if (!d.stream) return failed("ENOTCONN");
    while (d.unread.size() < wanted && !d.ended) {
        if (!d.reading) d.reading = d.stream.read();
        if (!d.reading->available()) break;
        std::string error;
        buffer b;
        const outcome o = settle(*d.reading, [&](buffer got) {
            b = std::move(got);
            return 0;
        });
        d.reading.reset();
        if (o.result < 0 && d.unread.empty()) return o;
        if (o.result < 0) break;
        d.ended = b.empty();
        if (d.unread.empty()) {
            d.unread = std::move(b);
        } else {
            buffer both = buffer::allocate(d.unread.size() + b.size());
            std::copy_n(d.unread.data(), d.unread.size(), both.mutable_data());
            std::copy_n(b.data(), b.size(), both.mutable_data() + d.unread.size());
            d.unread = std::move(both);
        }
        if (d.unread.size() > 0 && d.unread.size() >= wanted) break;
    }
    if (d.unread.empty() && !d.ended) return blocked(d);
    const size_t n = std::min(wanted, d.unread.size());
    d.unread.trim_front(n);
    return outcome{int64_t(n)};
}

sockets::answer sockets::write(const call_event& c) {
    descriptor& d = of(c);
    if (d.connecting && d.connecting->available()) (void)connect(c);
    if (!d.stream) return failed(d.connecting ? "EAGAIN" : "ENOTCONN");
    const auto n = size_t(number(c, 2));
    if (n > (64u << 20)) lacks("writes of more than 64 MiB");
    if (!d.writing) {
        buffer b = buffer::allocate(n);
        std::fill_n(b.mutable_data(), n, 'y');
        d.writing = d.stream.write(std::move(b));
    }
    if (!d.writing->available()) {
        if (d.waits) return std::nullopt;
        lacks("writes of more than there is room for, without waiting");
    }
    const outcome o = [&] {
        try {
            d.writing->get();
            return outcome{int64_t(n)};
        } catch (const std::system_error& e) {
            if (e.code() == net::errc::not_connected) return failed("EPIPE");
            return failed(errno_name(e.code()));
        }
    }();
    d.writing.reset();
    return o;
}

sockets::answer sockets::close(const call_event& c) {
    descriptor& d = of(c);
    if (d.listener) d.listener.close();
    if (d.stream && d.resets)
        d.stream.abort();
    else if (d.stream)
        forget(d.stream.close());
    d.forget_calls();
    descriptors_.erase(number(c, 0));
    return outcome{0};
}

sockets::answer sockets::shutdown(const call_event& c) {
    descriptor& d = of(c);
    if (!d.stream) return failed("ENOTCONN");
    if (name(c, 1) != "SHUT_WR") lacks("shutdown() other than SHUT_WR");
    future<> f = d.stream.shutdown_write();
    try {
        f.get();
    } catch (const std::system_error& e) {
        return failed(errno_name(e.code()));
    }
    return outcome{0};
}

sockets::answer sockets::fcntl(const call_event& c) {
    descriptor& d = of(c);
    if (name(c, 1) == "F_GETFL") return outcome{d.waits ? 2 : 2 | 04000};  // O_RDWR, O_NONBLOCK
    if (name(c, 1) != "F_SETFL") lacks("fcntl(" + name(c, 1) + ")");
    d.waits = name(c, 2).find("O_NONBLOCK") == std::string::npos;
    return outcome{0};
}

sockets::answer sockets::setsockopt(const call_event& c) {
    descriptor& d = of(c);
    const std::string option = name(c, 2);
    if (option == "TCP_NODELAY") {
        d.settings.no_delay = number(c, 3) != 0;
        if (d.stream) d.stream.set(d.settings);
    } else if (option == "SO_SNDBUF") {
        d.settings.send_watermark = size_t(std::max<int64_t>(number(c, 3), 1));
        if (d.stream) d.stream.set(d.settings);
    } else if (option == "TCP_FASTOPEN") {
        d.fast_open = number(c, 3) != 0;
        if (d.listener) {  // nobody has come yet
            d.listener.close();
            return open_listener(d);
        }
    } else if (option == "SO_LINGER") {
        d.resets = true;
        for (const argument& field : at(c, 3).parts)
            if (field.number != (field.label.ends_with("onoff") ? 1 : 0)) d.resets = false;
    } else if (option != "SO_REUSEADDR" && option != "SO_REUSEPORT") {
        lacks("setsockopt(" + option + ")");
    }
    return outcome{0};
}

sockets::answer sockets::getsockopt(const call_event& c) {
    descriptor& d = of(c);
    if (name(c, 2) != "SO_ERROR") lacks("getsockopt(" + name(c, 2) + ")");
    if (d.connecting && d.connecting->available()) {
        const answer a = connect(c);
        d.pending_error = a->error;
    }
    const argument& wanted = at(c, 3);
    const std::string says = wanted.parts.size() == 1 ? wanted.parts[0].name : std::string();
    if (says != std::exchange(d.pending_error, {})) return failed("another SO_ERROR");
    return outcome{0};
}

}  // namespace millrace::packet_script
