#include "core/app.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <signal.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace millrace {

std::optional<int> start_program(config_schema& schema, int argc, const char* const* argv) {
    try {
        switch (schema.parse(argc, argv)) {
            case config_outcome::run:
                return std::nullopt;
            case config_outcome::help:
                fmt::print("{}", schema.help_text());
                return int(exit_code::success);
            case config_outcome::version:
                fmt::print("{} {}\n", schema.program(), version);
                return int(exit_code::success);
        }
    } catch (const config_error& e) {
        return refuse_to_start(schema, e.what());
    }
    return std::nullopt;
}

int refuse_to_start(const config_schema& schema, std::string_view sentence) {
    fmt::print(stderr, "{}: {}\n", schema.program(), sentence);
    return int(exit_code::bad_input);
}

struct signal_source::mask {
    sigset_t set;
};

signal_source::signal_source(std::initializer_list<int> signals) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int s : signals) sigaddset(&wanted, s);
    fd_ = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot open a signal descriptor");
    auto before = std::make_unique<mask>();
    pthread_sigmask(SIG_BLOCK, &wanted, &before->set);
    before_ = before.release();
    signal(SIGPIPE, SIG_IGN);
}

signal_source::~signal_source() {
    close(fd_);
    std::unique_ptr<mask> before(before_);
    pthread_sigmask(SIG_SETMASK, &before->set, nullptr);
}

int signal_source::take() noexcept {
    signalfd_siginfo info;
    return read(fd_, &info, sizeof info) == ssize_t(sizeof info) ? int(info.ssi_signo) : 0;
}

}  // namespace millrace
