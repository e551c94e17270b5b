#include "net/dpdk/preflight.hh"

#include "net/dpdk_device.hh"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

extern "C" unsigned if_nametoindex(const char* name) noexcept;

namespace millrace::net {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const device_spec& s, std::string_view why) {
    throw device_error(fmt::format("device \"{}\": {}", s.text, why));
}

// The system's own words follow, as std::system_error puts them.
[[noreturn]] void refuse(const device_spec& s, int error, std::string_view why) {
    throw std::system_error(error, std::generic_category(), fmt::format("device \"{}\": {}", s.text, why));
}

std::string_view privileges() {
    return "run as root, in a network namespace of your own (unshare -rn), or with CAP_NET_ADMIN and "
           "CAP_NET_RAW";
}

// Somebody has the other end: the kernel says that there is a carrier. One that nobody holds, made to
// persist, has none.
bool is_held(const char* interface) {
    const descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    if (!any.valid() || ::ioctl(any.get(), SIOCGIFFLAGS, &request) != 0) return false;
    return (request.ifr_flags & IFF_UP) && (request.ifr_flags & IFF_RUNNING);
}

// Makes the interface: the one way to learn whether the driver will be able to.
descriptor check_tap(const device_spec& s, unsigned queues) {
    descriptor tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (!tun.valid()) {
        const int error = errno;
        if (error == ENOENT || error == ENODEV || error == ENXIO) {
            refuse(s, error,
                   "this machine has no /dev/net/tun; \"modprobe tun\" makes it, in a container the host "
                   "must pass it in");
        }
        refuse(s, error, fmt::format("/dev/net/tun may not be opened; {}", privileges()));
    }
    // As one more queue of it we would get, and take from the other, every second frame or so.
    if (is_held(s.place.c_str()))
        refuse(s, EBUSY, fmt::format("another program holds the interface {}; choose another name", s.place));
    ifreq request{};
    std::strncpy(request.ifr_name, s.place.c_str(), IFNAMSIZ - 1);
    // The driver's flags: those of the first queue are the interface's, and decide what is before each frame.
    request.ifr_flags = IFF_TAP | IFF_MULTI_QUEUE;
    if (::ioctl(tun.get(), TUNSETIFF, &request) == 0) return tun;
    const int error = errno;
    switch (error) {
        case EPERM:
        case EACCES:
            refuse(s, error, fmt::format("no permission to make a TAP interface; {}", privileges()));
        case EBUSY:
            refuse(s, error,
                   fmt::format("another program holds the interface {}; choose another name", s.place));
        case EINVAL:
            refuse(
                s, error,
                fmt::format(
                    "{} exists and is no TAP interface of several queues; choose another name or delete it "
                    "(ip link del {})",
                    s.place, s.place));
        default:
            refuse(s, error, fmt::format("the TAP interface with {} queues cannot be made", queues));
    }
}

std::string interfaces() {
    std::string names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/sys/class/net", ignored)) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.path().filename().string());
    }
    return names.empty() ? "none" : names;
}

void check_interface(const device_spec& s) {
    if (if_nametoindex(s.place.c_str()) == 0) {
        refuse(s, fmt::format("there is no interface {} here; there are: {}", s.place, interfaces()));
    }
    descriptor raw(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    if (!raw.valid()) refuse(s, errno, fmt::format("no permission for packet sockets; {}", privileges()));
}

sockaddr_un address_of(const device_spec& s, socklen_t& size) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const size_t first = s.abstract_socket ? 1 : 0;
    std::memcpy(address.sun_path + first, s.place.data(), s.place.size());
    size = s.abstract_socket ? socklen_t(offsetof(sockaddr_un, sun_path) + first + s.place.size())
                             : sizeof address;
    return address;
}

descriptor unix_socket(int type) {
    return descriptor(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
}

// True if a server listens there; a left-over file of a dead one is removed, as the driver would stumble over
// it. The server must not notice: one whose new connection is closed at once may lose its DPDK, which then
// watches a descriptor that is gone and panics. So we ask with a socket of another type, which the kernel
// turns away before it queues anything: EPROTOTYPE if a socket of memif's type lives, ECONNREFUSED if none
// does. /proc/net/unix would not do: it hides the servers of other network namespaces, whose paths we share.
bool path_in_use(const device_spec& s) {
    struct stat status {};
    if (::stat(s.place.c_str(), &status) != 0) return false;
    if (!S_ISSOCK(status.st_mode))
        refuse(s, fmt::format("{} exists and is no socket; choose another path", s.place));
    const descriptor probe = unix_socket(SOCK_DGRAM);
    if (!probe.valid()) refuse(s, errno, fmt::format("cannot look whether a server listens at {}", s.place));
    socklen_t size;
    const sockaddr_un address = address_of(s, size);
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) return true;
    if (errno != ECONNREFUSED) return errno != ENOENT;
    ::unlink(s.place.c_str());
    return false;
}

bool name_in_use(const device_spec& s) {
    const descriptor probe = unix_socket(SOCK_SEQPACKET);
    socklen_t size;
    const sockaddr_un address = address_of(s, size);
    return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 && errno == EADDRINUSE;
}

void check_memif(const device_spec& s) {
    if (s.abstract_socket) {
        if (s.memif_server && name_in_use(s))
            refuse(s, EADDRINUSE, fmt::format("another server listens at @{}", s.place));
        return;
    }
    const fs::path directory = fs::path(s.place).parent_path();
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored)) {
        refuse(s, ENOENT, fmt::format("the directory {} of the socket is missing", directory.string()));
    }
    if (!s.memif_server) {
        if (::access(s.place.c_str(), W_OK) == 0) return;
        refuse(s, errno, fmt::format("no server at {}; start the end with memif:server first", s.place));
    }
    if (::access(directory.c_str(), W_OK) != 0) {
        refuse(s, errno, fmt::format("no permission to make a socket in {}", directory.string()));
    }
    if (path_in_use(s)) refuse(s, EADDRINUSE, fmt::format("another server listens at {}", s.place));
}

void check_pcap(const device_spec& s) {
    if (!s.place.empty() && ::access(s.place.c_str(), R_OK) != 0) {
        refuse(s, errno, fmt::format("cannot read {}", s.place));
    }
    if (s.output.empty()) return;
    descriptor out(::open(s.output.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!out.valid()) refuse(s, errno, fmt::format("cannot write {}", s.output));
}

void check_pci(const device_spec& s) {
    std::string address = s.place;
    if (address.starts_with("pci:")) address.erase(0, 4);
    // The domain may be left out: 3b:00.0 is 0000:3b:00.0.
    if (std::count(address.begin(), address.end(), ':') == 1) address.insert(0, "0000:");
    if (address.find('.') == address.npos) return;  // another bus's words: DPDK shall judge
    const fs::path place = fs::path("/sys/bus/pci/devices") / address;
    std::error_code ignored;
    if (!fs::exists(place, ignored)) {
        refuse(s, ENODEV,
               fmt::format("there is no PCI device {}; \"lspci -D | grep -i net\" lists them", address));
    }
    if (!fs::exists(place / "driver", ignored)) {
        refuse(s, ENODEV,
               fmt::format("{} is bound to no driver; \"dpdk-devbind.py -b vfio-pci {}\" gives it to DPDK",
                           address, address));
    }
}

}  // namespace

descriptor::~descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

descriptor check_device_present(const device_spec& s, unsigned queues) {
    switch (s.kind) {
        case device_kind::tap:
            return check_tap(s, queues);
        case device_kind::af_packet:
        case device_kind::af_xdp:
            check_interface(s);
            break;
        case device_kind::memif:
            check_memif(s);
            break;
        case device_kind::virtio_user:
            if (::access(s.place.c_str(), R_OK | W_OK) != 0)
                refuse(s, errno, fmt::format("cannot use {}", s.place));
            break;
        case device_kind::pcap:
            check_pcap(s);
            break;
        case device_kind::bus:
            if (s.is_pci()) check_pci(s);
            break;
        case device_kind::ring:
        case device_kind::null:
            break;
    }
    return descriptor();
}

}  // namespace millrace::net
