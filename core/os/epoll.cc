#include "core/os/epoll.hh"

#include "core/check.hh"

#include <cerrno>
#include <system_error>

namespace millrace {

namespace {

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

epoll::epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!fd_) throw_errno("epoll_create1");
}

epoll::~epoll() {
    CHECK(watches_ == 0);
}

void epoll::control(int operation, int fd, uint32_t events, void* who) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = who;
    if (::epoll_ctl(fd_.get(), operation, fd, &e) < 0) throw_errno("epoll_ctl");
}

void epoll::add(fd_watch& w, int fd) {
    control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &w);
    ++watches_;
    if (w.attention_ == attention::every_turn) ++every_turn_;
}

void epoll::remove(fd_watch& w, int fd) noexcept {
    // Fails only if the descriptor is closed already, and then the kernel has forgotten it by itself.
    ::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
    --watches_;
    if (w.attention_ == attention::every_turn) --every_turn_;
    for (size_t i = 0; i < found_; ++i)
        if (events_[i].data.ptr == &w) events_[i].data.ptr = nullptr;
}

void epoll::add_wakeup(int fd) {
    control(EPOLL_CTL_ADD, fd, EPOLLIN, nullptr);
}

void epoll::remove_wakeup(int fd) noexcept {
    ::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void epoll::wait(duration longest) noexcept {
    timespec limit{};
    if (longest > duration::zero()) {
        const auto whole = std::chrono::duration_cast<std::chrono::seconds>(longest);
        limit.tv_sec = whole.count();
        limit.tv_nsec = (longest - whole).count();
    }
    const bool endless = longest < duration::zero();
    const int n = ::epoll_pwait2(fd_.get(), events_.data(), int(batch), endless ? nullptr : &limit, nullptr);
    CHECK(n >= 0 || errno == EINTR);
    found_ = n > 0 ? size_t(n) : 0;
}

bool epoll::dispatch() noexcept {
    bool any = false;
    for (size_t i = 0; i < found_; ++i) {
        auto* w = static_cast<fd_watch*>(events_[i].data.ptr);
        if (!w) continue;
        const uint32_t e = events_[i].events;
        any = true;
        w->on_ready({.readable = (e & (EPOLLIN | EPOLLRDHUP)) != 0,
                     .writable = (e & EPOLLOUT) != 0,
                     .finished = (e & (EPOLLRDHUP | EPOLLHUP)) != 0,
                     .failed = (e & (EPOLLERR | EPOLLHUP)) != 0});
    }
    found_ = 0;
    return any;
}

}  // namespace millrace
