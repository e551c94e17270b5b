#include "tests/interop/raw_port.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <time.h>
#include <vector>

namespace millrace::interop {

namespace {

constexpr size_t burst_frames = 64;
// Seconds of the fastest wire that is of use here: what it cannot hold would be a loss that nobody asked for.
constexpr int socket_buffer = 64 << 20;

std::system_error failure(const std::string& interface, const char* what) {
    return {errno, std::generic_category(), interface + ": " + what};
}

ifreq asking_for(const std::string& interface) noexcept {
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

duration realtime_now() noexcept {
    timespec t;
    ::clock_gettime(CLOCK_REALTIME, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

// Of any kind but AF_PACKET: to close such a socket takes the kernel 10 ms.
bool is_up(const std::string& interface) noexcept {
    const descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = asking_for(interface);
    constexpr auto both = IFF_UP | IFF_RUNNING;
    return ::ioctl(any.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & both) == both;
}

// Where recvmmsg puts what it receives.
struct raw_port::burst {
    explicit burst(size_t frame_bytes) : room(frame_bytes), bytes(burst_frames * frame_bytes) {
        for (size_t i = 0; i < burst_frames; ++i) {
            places[i] = {&bytes[i * room], room};
            auto& m = messages[i].msg_hdr;
            m = {};
            m.msg_iov = &places[i];
            m.msg_iovlen = 1;
            m.msg_control = control[i].data;
        }
    }
    struct alignas(cmsghdr) notes {
        char data[CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(tpacket_auxdata))];
    };

    size_t room;
    std::vector<std::byte> bytes;
    std::array<iovec, burst_frames> places;
    std::array<notes, burst_frames> control;
    std::array<mmsghdr, burst_frames> messages;
};

raw_port::raw_port(const std::string& interface, size_t longest)
    : interface_(interface),
      socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      burst_(std::make_unique<burst>(longest + 1)) {
    if (!socket_) throw failure(interface, "no raw socket can be opened");
    const auto set = [&](int level, int name, int value) {
        return ::setsockopt(fd(), level, name, &value, sizeof value) == 0;
    };
    if (!set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)) throw failure(interface, "would hear its own frames");
    if (!set(SOL_PACKET, PACKET_AUXDATA, 1) || !set(SOL_SOCKET, SO_TIMESTAMPNS, 1))
        throw failure(interface, "would not tell when a frame came");
    // Without the right to it, the system's limit of a socket's buffer holds.
    if (!set(SOL_SOCKET, SO_RCVBUFFORCE, socket_buffer)) set(SOL_SOCKET, SO_RCVBUF, socket_buffer);
    // The interface's own queueing discipline is no part of the wire.
    set(SOL_PACKET, PACKET_QDISC_BYPASS, 1);
    ifreq request = asking_for(interface);
    if (::ioctl(fd(), SIOCGIFINDEX, &request) != 0) throw failure(interface, "there is no such interface");
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = request.ifr_ifindex;
    if (::bind(fd(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
        throw failure(interface, "its frames cannot be had");
}

raw_port::~raw_port() = default;

// The kernel's time of arrival, not that of looking, so that a wire that was kept waiting does not take a few
// frames for a burst.
size_t raw_port::receive(clock& c, const taker& take) {
    auto& messages = burst_->messages;
    for (auto& m : messages) m.msg_hdr.msg_controllen = sizeof(burst::notes);
    const int n = ::recvmmsg(fd(), messages.data(), unsigned(messages.size()), MSG_DONTWAIT, nullptr);
    if (n <= 0) return 0;
    const time_point now = c.now();
    const duration behind = now.time_since_epoch() - realtime_now();
    for (size_t i = 0; i < size_t(n); ++i) {
        time_point came = now;
        bool unfinished = false;
        msghdr& m = messages[i].msg_hdr;
        for (cmsghdr* note = CMSG_FIRSTHDR(&m); note; note = CMSG_NXTHDR(&m, note)) {
            if (note->cmsg_level == SOL_SOCKET && note->cmsg_type == SCM_TIMESTAMPNS) {
                timespec t;
                std::memcpy(&t, CMSG_DATA(note), sizeof t);
                came =
                    time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec) + behind);
            } else if (note->cmsg_level == SOL_PACKET && note->cmsg_type == PACKET_AUXDATA) {
                tpacket_auxdata aux;
                std::memcpy(&aux, CMSG_DATA(note), sizeof aux);
                unfinished = aux.tp_status & TP_STATUS_CSUMNOTREADY;
            }
        }
        ++counters_.received;
        counters_.unfinished += unfinished;
        if (unfinished) continue;
        last_ = std::max(last_, std::min(came, now));  // somebody may have set the machine's clock
        take(last_, {&burst_->bytes[i * burst_->room], messages[i].msg_len});
    }
    return size_t(n);
}

void raw_port::send(std::span<const std::byte> bytes) noexcept {
    if (::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT) == ssize_t(bytes.size()))
        ++counters_.sent;
    else if (errno == ENOBUFS && is_up(interface_))
        ++counters_.refused;
    else
        ++counters_.gone;
}

const raw_port::counters& raw_port::count() noexcept {
    tpacket_stats stats{};
    socklen_t size = sizeof stats;
    // Asking sets the kernel's figures back to zero.
    if (::getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
        counters_.missed += stats.tp_drops;
    return counters_;
}

}  // namespace millrace::interop
