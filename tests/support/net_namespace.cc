#include "tests/support/net_namespace.hh"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <sched.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::net {

namespace {

bool write_file(const char* path, std::string_view text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool ok = ::write(fd, text.data(), text.size()) == ssize_t(text.size());
    ::close(fd);
    return ok;
}

std::string enter() {
    if (::unshare(CLONE_NEWNET) != 0) {
        const std::string user = "0 " + std::to_string(::geteuid()) + " 1";
        const std::string group = "0 " + std::to_string(::getegid()) + " 1";
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
            return std::string("no network namespace can be made here: ") + std::strerror(errno);
        }
        write_file("/proc/self/setgroups", "deny");
        if (!write_file("/proc/self/uid_map", user) || !write_file("/proc/self/gid_map", group)) {
            return std::string("no user namespace can be had here: ") + std::strerror(errno);
        }
    }
    const int tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (tun < 0) return std::string("/dev/net/tun cannot be opened: ") + std::strerror(errno);
    ::close(tun);
    return {};
}

}  // namespace

const std::string& enter_network_namespace() {
    static const std::string answer = enter();
    return answer;
}

bool set_up(const std::string& interface) {
    const int s = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    bool ok = ::ioctl(s, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags = short(request.ifr_flags | IFF_UP);
    ok = ok && ::ioctl(s, SIOCSIFFLAGS, &request) == 0;
    ::close(s);
    return ok;
}

}  // namespace millrace::net
