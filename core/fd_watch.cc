#include "core/fd_watch.hh"

#include "core/os/epoll.hh"
#include "core/reactor.hh"

#include <utility>

namespace millrace {

void fd_watch::watch(int fd, attention a) {
    CHECK(!watching());
    attention_ = a;
    fd_ = fd;
    epoll& e = reactor::current().epoll();
    e.add(*this, fd);
    epoll_ = &e;
}

void fd_watch::unwatch() noexcept {
    if (epoll_) std::exchange(epoll_, nullptr)->remove(*this, fd_);
}

}  // namespace millrace
