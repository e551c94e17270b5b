// What arrives at an interface: Ethernet, ARP, IPv4 with fragments, ICMP, UDP. What it sends is valid, and in
// the end it holds nothing (net/interface.hh).
#include "core/run_queue.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"
#include "tests/support/net_wire.hh"

#include <optional>
#include <string>
#include <utility>

namespace millrace::fuzz {
namespace {

using namespace net;
namespace wire = net::wire_test;

// Reads all that it is given, so that a sanitizer sees bytes that are not there.
class reader final : public l4_handler {
 public:
    void on_burst(std::span<ip_datagram> burst) noexcept override {
        for (auto& d : burst) {
            read(d.head().bytes());
            for (const auto& f : d.data->fragments) read(f.bytes());
        }
    }
    bool on_icmp_error(const icmp_error& e) noexcept override {
        read(e.quoted);
        return (sum_ & 1) != 0;
    }

 private:
    void read(std::span<const uint8_t> bytes) {
        for (uint8_t b : bytes) sum_ += b;
    }
    uint64_t sum_ = 0;
};

interface_config small_limits() {
    auto c = wire::config();
    c.neighbours.entries = 8;
    c.neighbours.waiting_packets = 4;
    c.neighbours.all_waiting_packets = 8;
    c.reassembly.datagrams = 4;
    c.reassembly.fragments = 8;
    c.udp.receive_datagrams = 4;
    c.path_mtus = 4;
    return c;
}

class trial {
 public:
    explicit trial(input& in) : in_(in), host_(small_limits()) {
        host_.net.attach(&upper_);
        socket_ = host_.net.open_datagram({{}, 53});
        host_.turn();
    }

    void step() {
        switch (in_.below(8)) {
            case 0:
                host_.clock.advance(std::chrono::milliseconds(in_.u16()));
                break;
            case 1:
                send_something();
                break;
            case 2:
                read_socket();
                break;
            default:
                arrive(frame());
                if (in_.below(4)) return;  // several in one burst
                break;
        }
        turn();
    }
    void turn() {
        for (const auto& f : host_.turn())
            require(wire::is_arp(f) || wire::is_valid_ip(f), "what is sent is no valid packet");
    }
    void check_end() {
        turn();
        socket_.close();
        if (waiting_) waiting_->ignore_ready_future();
        for (int i = 0; i < 40 && host_.net.next_deadline() != never; ++i) {
            host_.clock.advance(std::chrono::seconds(10));
            turn();
        }
        require(host_.net.next_deadline() == never, "something goes on for ever");
        require(host_.net.packets_held() == 0, "packets are held");
        require(host_.queue.buffers_out == 0, "buffers are lost");
        tasks_.run(1000);
    }

 private:
    ipv4_address address() {
        const ipv4_address known[] = {wire::peer_ip,
                                      wire::our_ip,
                                      wire::router_ip,
                                      wire::far_ip,
                                      ipv4_address(10, 0, 0, 255),
                                      ipv4_address::broadcast(),
                                      ipv4_address::any(),
                                      ipv4_address(127, 0, 0, 1),
                                      ipv4_address(224, 0, 0, 1)};
        const uint32_t n = in_.below(uint32_t(std::size(known)) + 2);
        if (n < std::size(known)) return known[n];
        return n == std::size(known) ? ipv4_address(10, 0, 0, in_.u8()) : ipv4_address(in_.u32());
    }
    mac_address mac() {
        const mac_address known[] = {wire::our_mac, wire::peer_mac, wire::router_mac,
                                     mac_address::broadcast(), mac_address()};
        return in_.one_of(known);
    }
    std::string payload() {
        // Long ones cost few bytes of the input.
        const size_t size = in_.below(4) ? in_.below(64) : in_.below(1600);
        std::string s(in_.text(std::min<size_t>(size, 64)));
        s.resize(size, 'x');
        return s;
    }
    wire::ip_fields fields() {
        wire::ip_fields f;
        if (in_.below(4) == 0) f.source = address();
        if (in_.below(4) == 0) f.destination = address();
        f.id = in_.below(4);
        if (in_.below(4) == 0) {
            f.offset = in_.below(2) ? in_.below(32) * 8 : (in_.u16() & 0x1fffu) * 8;
            f.more_fragments = in_.flag();
        }
        if (in_.below(8) == 0) f.ttl = in_.u8();
        if (in_.below(8) == 0) f.tos = in_.u8();
        if (in_.below(8) == 0) {
            f.options = in_.text(4 * in_.below(11));
            f.options.resize((f.options.size() + 3) / 4 * 4);
        }
        return f;
    }

    std::string icmp() {
        auto quoted = wire::ip(
            fields(), in_.flag() ? wire::tcp(wire::our_ip, wire::peer_ip, 80, 1234, "q") : payload());
        quoted.resize(in_.below(4) ? quoted.size() : in_.below(uint32_t(quoted.size() + 1)));
        const uint32_t rest = in_.flag() ? in_.u16() : in_.u32();
        return wire::icmp_message(in_.below(2) ? 3 : in_.u8(), in_.below(8), rest, quoted);
    }
    std::string ip_packet() {
        wire::ip_fields f = fields();
        switch (in_.below(5)) {
            case 0:
                f.protocol = 1;
                return wire::ip(f, icmp());
            case 1:
                f.protocol = 17;
                return wire::ip(f,
                                wire::udp(f.source, f.destination, in_.u16(), 53 + in_.below(2), payload()));
            case 2:
                return wire::ip(f, wire::tcp(f.source, f.destination, in_.u16(), 80, payload()));
            case 3:
                f.protocol = 1;
                return wire::ip(f, wire::icmp_message(8, 0, in_.u32(), payload()));
            default:
                f.protocol = in_.flag() ? 17 : in_.u8();
                return wire::ip(f, payload());
        }
    }
    // Its checksum is good, whatever else is not.
    std::string odd_header() {
        std::string h(in_.text(20 + in_.below(41)));
        h.resize(std::max<size_t>(h.size(), 20));
        h[0] = char(0x40 | (h[0] & 15));
        h.replace(16, 4, wire::bytes_of(wire::our_ip));
        const size_t bytes = size_t(h[0] & 15) * 4;
        if (bytes < 20 || bytes > h.size()) return h;
        h.replace(10, 2, wire::u16(0));
        h.replace(10, 2, wire::u16(wire::checksum(std::string_view(h).substr(0, bytes))));
        return h;
    }
    std::string frame() {
        switch (in_.below(8)) {
            case 0:
                return std::string(in_.text(in_.below(128)));
            case 1:
                return wire::ethernet(wire::our_mac, mac(), 0x0800, odd_header());
            case 2:
                return wire::arp_frame(in_.flag() ? wire::our_mac : mac(), 1 + in_.below(3), mac(), address(),
                                       mac(), address());
            case 3:
                return wire::ethernet(mac(), mac(), in_.flag() ? 0x0806 : in_.u16(), payload());
            default:
                return wire::ethernet(in_.below(8) ? wire::our_mac : mac(), mac(), 0x0800, ip_packet());
        }
    }
    void arrive(const std::string& f) {
        if (f.empty()) return;
        if (f.size() > 1 && in_.below(8) == 0)
            host_.queue.arrive_split(f, 1 + in_.below(uint32_t(f.size() - 1)));
        else
            host_.queue.arrive(f);
    }

    void send_something() {
        const ipv4_address to = address();
        auto way = host_.net.make_path({}, to, ip_protocol::tcp);
        if (way) host_.net.send(*way, host_.build(wire::tcp(wire::our_ip, to, 80, 1234, payload())));
    }
    void read_socket() {
        if (waiting_ && !waiting_->available()) return;
        if (waiting_) waiting_->ignore_ready_future();
        waiting_ = socket_.receive();
    }

    input& in_;
    run_queue tasks_;
    run_queue::scope scope_{tasks_};
    reader upper_;
    wire::host host_;
    datagram socket_;
    std::optional<future<received_datagram>> waiting_;
};

}  // namespace

void run_frames(std::span<const uint8_t> bytes) {
    input in(bytes);
    trial t(in);
    while (!in.empty()) t.step();
    t.check_end();
}

}  // namespace millrace::fuzz
