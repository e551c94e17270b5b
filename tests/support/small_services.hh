// Services of a few lines, for connections by the thousand.
#pragma once

#include "core/coroutine.hh"
#include "net/stream.hh"

#include <utility>

namespace millrace::test {

inline future<> echo(net::stream s) {
    while (buffer b = co_await s.read()) co_await s.write(std::move(b));
    co_await s.close();
}

// The server closes first.
inline future<> answer_and_close(net::stream s) {
    co_await s.write(co_await s.read());
    co_await s.close();
}

}  // namespace millrace::test
