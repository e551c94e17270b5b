// Frames as a peer on the wire would make them, written apart from the code under test; and a host that gets
// them.
#pragma once

#include "core/random.hh"
#include "net/interface.hh"

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::net::wire_test {

inline const mac_address our_mac({0x02, 0, 0, 0, 0, 0x01});
inline const mac_address peer_mac({0x02, 0, 0, 0, 0, 0x02});
inline const mac_address router_mac({0x02, 0, 0, 0, 0, 0xfe});
inline const ipv4_address our_ip(10, 0, 0, 1);
inline const ipv4_address peer_ip(10, 0, 0, 2);
inline const ipv4_address router_ip(10, 0, 0, 254);
inline const ipv4_address far_ip(192, 0, 2, 9);

// Numbers in network order.
std::string u8(unsigned v);
std::string u16(unsigned v);
std::string u32(uint32_t v);
std::string bytes_of(ipv4_address a);
std::string bytes_of(const mac_address& a);
unsigned u16_at(std::string_view s, size_t at);
ipv4_address ip_at(std::string_view s, size_t at);

// RFC 1071, byte by byte: what goes into the field, as a number.
unsigned checksum(std::string_view bytes);

std::string ethernet(const mac_address& to, const mac_address& from, unsigned type, std::string_view payload);
std::string arp(unsigned operation, const mac_address& sender_mac, ipv4_address sender,
                const mac_address& target_mac, ipv4_address target);
std::string arp_frame(const mac_address& to, unsigned operation, const mac_address& sender_mac,
                      ipv4_address sender, const mac_address& target_mac, ipv4_address target);

struct ip_fields {
    ipv4_address source = peer_ip;
    ipv4_address destination = our_ip;
    unsigned protocol = 6;
    unsigned id = 1;
    unsigned ttl = 64;
    unsigned tos = 0;
    unsigned offset = 0;  // bytes
    bool more_fragments = false;
    bool dont_fragment = false;
    std::string options{};  // a multiple of 4
};
std::string ip(const ip_fields& f, std::string_view payload);
// From the peer to us, in a frame.
std::string ip_frame(const ip_fields& f, std::string_view payload);

std::string udp(ipv4_address source, ipv4_address destination, unsigned source_port,
                unsigned destination_port, std::string_view payload);
std::string tcp(ipv4_address source, ipv4_address destination, unsigned source_port,
                unsigned destination_port, std::string_view payload);
std::string icmp_message(unsigned type, unsigned code, uint32_t rest, std::string_view payload);
// Frames from the peer to us.
std::string udp_frame(unsigned source_port, unsigned destination_port, std::string_view payload);
std::string tcp_frame(unsigned source_port, unsigned destination_port, std::string_view payload);
std::string echo_frame(std::string_view payload);

// A frame's IP packet, and what is behind its headers.
std::string_view ip_of(std::string_view frame);
std::string_view l4_of(std::string_view frame);
bool is_arp(std::string_view frame);
// Lengths, header checksum and, unless it is a fragment, the L4 checksum.
bool is_valid_ip(std::string_view frame);

// A device of which the test is the other end. Counts the buffers that are out.
class fake_queue final : public device_queue {
 public:
    size_t receive(std::span<packet> out) noexcept override;
    size_t transmit(std::span<packet> packets) noexcept override;
    buffer allocate() noexcept override;

    // A frame in a buffer whose bytes end where its memory ends, so that a sanitizer sees reads beyond it.
    void arrive(std::string_view frame);
    // The same in a first buffer of `split` bytes and a second one.
    void arrive_split(std::string_view frame, size_t split);
    void arrive(packet&& p) { arriving_.push_back(std::move(p)); }
    // As a device whose driver has refused one.
    void refuse_runs() { refuses_runs_ = true; }
    std::vector<std::string> take_sent() { return std::exchange(sent, {}); }

    std::vector<std::string> sent;
    size_t attached = 0;        // fragments of what was sent
    size_t room = SIZE_MAX;     // frames that transmit() still takes
    size_t buffers = SIZE_MAX;  // that allocate() still gives
    size_t buffers_out = 0;
    bool keep_sent = true;

 private:
    buffer counted(size_t size, size_t headroom);
    std::deque<packet> arriving_;
};

// Remembers what the interface tells it.
class recorder final : public l4_handler {
 public:
    struct received {
        std::string bytes;
        ip_address source, destination;
        uint32_t flow_hash;
        ecn congestion;
    };
    void on_burst(std::span<ip_datagram> burst) noexcept override;
    bool on_icmp_error(const icmp_error& e) noexcept override;

    std::vector<received> datagrams;
    std::vector<size_t> bursts;
    std::vector<icmp_error> errors;  // their `quoted` is gone
    std::vector<std::string> quoted;
    bool believes = true;
};

interface_config config();

// One interface at 10.0.0.1/24, behind the router 10.0.0.254, in virtual time.
struct host {
    explicit host(const interface_config& c = config(), const device_info& info = device());
    ~host();

    static device_info device();

    // Poll and flush until nothing is left to do; what was sent.
    std::vector<std::string> turn();
    std::vector<std::string> receives(std::string_view frame) {
        queue.arrive(frame);
        return turn();
    }
    std::vector<std::string> after(duration d) {
        clock.advance(d);
        return turn();
    }
    // ARP's work done: the peer and the router are known, announcements are over.
    void settle();
    // An L4 packet sent; its frames, if the neighbour is known.
    std::vector<std::string> sends(path& way, std::string_view l4, ecn mark = ecn::not_capable);
    packet build(std::string_view l4);
    uint64_t dropped(drop_reason why) const { return net.drops()[why]; }

    manual_clock clock;
    random rng{7};
    fake_queue queue;
    recorder upper;
    interface net;
};

}  // namespace millrace::net::wire_test
