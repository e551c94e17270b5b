#include "apps/echo/echo.hh"

#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"

#include <system_error>

namespace millrace::echo {

namespace {

logger log("echo");

// The buffer that the device filled is the one that is sent: nothing is copied here.
future<> echo(net::stream s, counters& c) {
    net::endpoint peer = s.remote();
    try {
        while (buffer b = co_await s.read()) {
            c.bytes += b.size();
            co_await s.write(std::move(b));
        }
        co_await s.close();
    } catch (const std::system_error& e) {
        ++c.lost;
        log.debug("{}: {}", peer, e.what());
    }
}

}  // namespace

future<> serve(net::network& network, net::listen_options where, counters& c) {
    net::listener listener = network.listen(where);
    while (auto s = co_await listener.accept()) {
        ++c.connections;
        background(echo(std::move(*s), c));
    }
}

}  // namespace millrace::echo
