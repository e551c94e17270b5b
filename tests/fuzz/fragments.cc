// IPv4's reassembly: what it puts together is what was taken apart, whatever comes in between, and it keeps
// to its limits (net/ipv4/reassembly.hh).
#include "net/ipv4/reassembly.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"

#include <algorithm>
#include <vector>

namespace millrace::fuzz {
namespace {

using namespace net;

// What stands at a place of a datagram.
uint8_t byte_at(uint16_t id, uint32_t place) {
    return uint8_t(place * 7 + place / 256 + id * 31);
}

ipv4_header header_of(input& in) {
    ipv4_header h;
    h.source = ipv4_address(10, 0, 0, 2);
    h.destination = ipv4_address(10, 0, 0, 1);
    h.id = uint16_t(in.below(6));
    h.protocol = in.below(8) == 0 ? 6 : 17;
    h.more_fragments = in.below(4) != 0;
    // Near each other as a rule, so that they meet.
    h.fragment_offset = uint16_t((in.below(8) ? in.below(40) : in.u16()) * 8);
    return h;
}

}  // namespace

void run_fragments(std::span<const uint8_t> bytes) {
    input in(bytes);
    drop_counters drops;
    const reassembly_settings settings{.datagrams = 1 + in.below(6),
                                       .bytes = 64 + 16 * in.below(256),
                                       .fragments = 1 + in.below(10),
                                       .timeout = std::chrono::seconds(30)};
    memory_budget memory(in.u8() % 2 ? memory_budget::default_limit : 4096);
    reassembly all(settings, memory, drops);
    time_point now{std::chrono::seconds(1)};
    while (!in.empty()) {
        const ipv4_header h = header_of(in);
        std::vector<uint8_t> payload(in.below(64) ? in.below(12) * 8 : in.u16());
        for (size_t i = 0; i < payload.size(); ++i)
            payload[i] = byte_at(h.id, uint32_t(h.fragment_offset + i));
        if (in.below(32) == 0) {
            now += std::chrono::milliseconds(in.u16());
            for (const auto& e : all.service(now)) require(e.first_bytes.size() == 8, "what is quoted");
            require(all.next_deadline() > now, "the next is due already");
        }
        if (const auto d = all.add(h, payload, now)) {
            require(d->header.id == h.id && !d->header.is_fragment(), "header");
            require(d->header.total_bytes == d->header.header_bytes + d->payload.size(), "length");
            for (size_t i = 0; i < d->payload.size(); ++i)
                require(d->payload.bytes()[i] == byte_at(h.id, uint32_t(i)), "a byte from elsewhere");
        }
        require(all.size() <= settings.datagrams && all.bytes() <= settings.bytes, "limits");
        require((all.size() == 0) == (all.next_deadline() == never), "a deadline, or none");
    }
    (void)all.service(now + settings.timeout);
    require(all.size() == 0 && all.bytes() == 0, "something is left");
}

}  // namespace millrace::fuzz
