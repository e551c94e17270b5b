#include "net/interface.hh"

#include "core/cost.hh"
#include "core/log.hh"
#include "core/metrics.hh"
#include "core/random.hh"
#include "core/reactor.hh"
#include "core/timer.hh"
#include "net/error.hh"
#include "net/ethernet/header.hh"
#include "net/interface/input.hh"
#include "net/interface/metrics.hh"

#include <algorithm>
#include <array>

namespace millrace::net {

namespace {

logger interface_log("net");

// How long a shard may sleep while nothing can wake it: what comes after a short pause is answered soon, and
// looking costs little once the pause is long.
constexpr duration first_unwatched_sleep = std::chrono::microseconds(20);
constexpr duration last_unwatched_sleep = std::chrono::microseconds(500);

interface_config checked(interface_config config, const device_info& device) {
    auto refuse = [](const char* what) {
        throw std::system_error(make_error_code(errc::invalid_address), what);
    };
    // RFC 791 §3.2: 68 bytes pass everywhere; a path MTU discovered may not be less either.
    constexpr uint16_t least_mtu = 68;
    if (device.mtu < least_mtu || (config.mtu != 0 && config.mtu < least_mtu)) refuse("MTU below 68 bytes");
    config.min_path_mtu = std::max(config.min_path_mtu, least_mtu);
    config.transmit_queue = std::max<size_t>(config.transmit_queue, 1);
    if (config.addresses.empty()) refuse("an interface needs an address");
    return config;
}

// The time of the reactor's turn, which costs nothing to ask for.
class turn_clock final : public clock {
 public:
    explicit turn_clock(reactor& r) noexcept : reactor_(r) {}
    time_point now() noexcept override { return reactor_.now(); }

 private:
    reactor& reactor_;
};

// Brings the turn in which poll() serves a deadline.
class alarm final : public timer {
    void on_expire() noexcept override {}
};

}  // namespace

struct interface::parts {
    parts(device_queue& queue, const device_info& of, const interface_config& c, millrace::clock& clock,
          random& rng)
        : device(queue),
          info(of),
          config(checked(c, of)),
          time(clock),
          now(clock.now()),
          memory(config.memory),
          ways(config),
          transmit(queue, config.transmit_queue, drops),
          arp(config.neighbours, info.mac, rng.next(), transmit, memory, generation, counters, drops),
          guard(ways.addresses(), info.mac, config.neighbours.conflict_defence, transmit, counters, drops),
          fragments(config.reassembly, memory, drops),
          out(info, config, ways, arp, transmit, generation, rng, counters, drops),
          messages(config, ways, out, counters, drops),
          udp(config.udp, ways, out, memory, now, rng, drops),
          protocols(config.verify_checksums, messages, out, udp, counters, drops),
          in(info.mac, ways, arp, guard, fragments, protocols, transmit, counters, drops) {}

    bool take_steered() noexcept;
    void take(steered& s) noexcept;
    bool receive() noexcept;
    void service() noexcept;
    void report_unreachable() noexcept;
    void report_expired() noexcept;
    time_point next_deadline() const noexcept {
        return std::min(std::min(arp.next_deadline(), guard.next_deadline()), fragments.next_deadline());
    }
    void set_alarm() noexcept {
        time_point next = next_deadline();
        if (next == wake.deadline()) return;
        if (next == never)
            wake.cancel();
        else
            wake.arm(next);
    }

    device_queue& device;
    device_info info;
    interface_config config;
    millrace::clock& time;
    time_point now;
    bool on_reactor = false;
    cost_meter unmeasured;  // without a reactor
    cost_meter* cost = &unmeasured;
    bool announced = false;
    uint32_t generation = 1;
    duration unwatched_sleep = first_unwatched_sleep;
    interface_counters counters;
    drop_counters drops;
    steering* others = nullptr;
    std::vector<steered> inbox;
    std::vector<steered> taken;  // out of the inbox, while it is dealt with
    std::array<packet, burst_packets> burst;
    memory_budget memory;
    routes ways;
    transmit_queue transmit;
    neighbours arp;
    address_guard guard;
    reassembly fragments;
    output out;
    icmp messages;
    udp_sockets udp;
    dispatch protocols;
    input in;
    alarm wake;
    std::unique_ptr<turn_clock> own_clock;
    std::unique_ptr<metric_group> metrics;
};

// Moves what `p` holds out of the device's buffers. Sockets whose applications do not read would otherwise
// come to hold the whole pool, and with it the acknowledgements and resets that would free them.
void give_back(packet& p) noexcept {
    p.head = buffer::copy_of(p.head.view());
    for (auto& f : p.fragments) f = buffer::copy_of(f.view());
}

bool interface::parts::receive() noexcept {
    cost->enter(work_kind::device_in);
    const size_t n = device.receive(burst);
    cost->enter(work_kind::ip_in);
    if (n == 0) return false;
    if (device.scarce()) [[unlikely]] {
        for (size_t i = 0; i < n; ++i) give_back(burst[i]);
        counters.copied_for_want_of_buffers += n;
    }
    in.on_burst({burst.data(), n}, now);
    protocols.hand_over();
    // What nobody took goes back to the device.
    for (size_t i = 0; i < n; ++i) {
        if (burst[i].head.storage()) [[unlikely]]
            burst[i].head = buffer();
        burst[i].fragments.clear();
    }
    return true;
}

bool interface::parts::take_steered() noexcept {
    if (inbox.empty()) return false;
    taken.swap(inbox);
    for (auto& s : taken) take(s);
    protocols.hand_over();
    taken.clear();
    return true;
}

void interface::parts::take(steered& s) noexcept {
    if (auto* d = std::get_if<steered_datagram>(&s)) {
        d->datagram.data = &d->data;
        protocols.deliver_steered(d->datagram, now);
    } else if (auto* e = std::get_if<steered_error>(&s)) {
        e->error.quoted = {e->quoted.data(), e->error.quoted.size()};
        protocols.deliver_steered(e->error, now);
    } else if (auto* news = std::get_if<neighbour_news>(&s)) {
        arp.learn(news->address, news->mac, true, now);
    }
}

void interface::parts::service() noexcept {
    guard.service(now);
    arp.service(now);
    report_unreachable();
    if (fragments.next_deadline() <= now) report_expired();
}

// A packet that waited for a neighbour in vain: its protocol is told as a router would tell it (RFC 1122
// §2.3.2.2).
void interface::parts::report_unreachable() noexcept {
    for (const auto& p : arp.take_unreachable()) {
        auto frame = p.head.bytes();
        ipv4_header h;
        drop_reason why;
        if (frame.size() < path::header_bytes + 8 ||
            !h.parse(frame.subspan(ethernet_header_bytes), p.size(), checksum_verdict::good, why) ||
            h.fragment_offset)
            continue;
        icmp_error e;
        e.what = icmp_error::kind::host_unreachable;
        e.protocol = ip_protocol(h.protocol);
        e.source = e.reporter = h.source;
        e.destination = h.destination;
        e.quoted = frame.subspan(path::header_bytes);
        e.quoted = e.quoted.first(std::min(e.quoted.size(), icmp_error::max_quoted));
        protocols.deliver_steered(e, now);
    }
}

void interface::parts::report_expired() noexcept {
    for (auto& e : fragments.service(now)) {
        bool to_one_host = ways.is_local(e.header.destination);
        if (!to_one_host || e.header.protocol == uint8_t(ip_protocol::icmp)) continue;
        packet p;
        p.head = buffer::allocate(e.first_bytes.size());
        std::copy(e.first_bytes.begin(), e.first_bytes.end(), p.head.mutable_bytes());
        ip_datagram d;
        d.data = &p;
        d.source = e.header.source;
        d.destination = e.header.destination;
        d.protocol = ip_protocol(e.header.protocol);
        d.ttl = e.header.ttl;
        d.id = e.header.id;
        d.congestion = e.header.congestion;
        messages.complain(icmp::complaint::reassembly_time_exceeded, d, now);
    }
}

interface::interface(device_queue& queue, const device_info& device, interface_config config,
                     millrace::clock& clock, random& rng)
    : parts_(std::make_unique<parts>(queue, device, config, clock, rng)) {}

interface::interface(device_queue& queue, const device_info& device, interface_config config, reactor& r) {
    auto clock = std::make_unique<turn_clock>(r);
    parts_ = std::make_unique<parts>(queue, device, config, *clock, r.rng());
    parts_->own_clock = std::move(clock);
    parts_->on_reactor = true;
    parts_->cost = &r.cost();
}

interface::~interface() = default;

void interface::attach(l4_handler* tcp) noexcept {
    parts_->protocols.attach(tcp);
}

void interface::attach(steering* others) noexcept {
    parts_->others = others;
    parts_->protocols.attach(others);
}

void interface::accept(steered&& what) noexcept {
    parts_->inbox.push_back(std::move(what));
}

void interface::register_metrics(metric_registry& registry) {
    parts_->metrics =
        make_metrics(registry, parts_->counters, parts_->drops, parts_->device.counters(), parts_->memory);
}

bool interface::poll() noexcept {
    parts& p = *parts_;
    p.now = p.time.now();
    if (!p.announced) [[unlikely]] {
        p.announced = true;
        bool first_shard = !p.others || p.others->self() == 0;
        if (p.config.neighbours.announce && first_shard) p.guard.announce(p.now);
    }
    bool worked = p.take_steered();
    worked |= p.receive();
    if (worked) p.unwatched_sleep = first_unwatched_sleep;
    if (p.next_deadline() <= p.now) {
        p.service();
        worked = true;
    }
    return worked;
}

void interface::flush() noexcept {
    parts_->cost->enter(work_kind::device_out);
    parts_->transmit.flush();
    parts_->cost->enter(work_kind::ip_out);
    if (parts_->on_reactor) parts_->set_alarm();
}

size_t interface::transmit_room() const noexcept {
    const size_t limit = parts_->config.transmit_queue;
    return limit - std::min(limit, parts_->transmit.pieces());
}

int interface::wakeup_fd() const noexcept {
    return parts_->device.wakeup_fd();
}

bool interface::prepare_sleep() noexcept {
    return parts_->inbox.empty() && parts_->device.arm_wakeup();
}

void interface::woke() noexcept {
    parts_->device.disarm_wakeup();
    parts_->unwatched_sleep = std::min(parts_->unwatched_sleep * 5 / 4, last_unwatched_sleep);
}

duration interface::max_sleep() const noexcept {
    bool watched = parts_->device.wakeup_fd() >= 0 && parts_->transmit.size() == 0;
    return watched ? duration::max() : parts_->unwatched_sleep;
}

time_point interface::next_deadline() const noexcept {
    return parts_->announced ? parts_->next_deadline() : parts_->now;
}

buffer interface::allocate() noexcept {
    return parts_->out.allocate();
}

result<ip_address> interface::source_for(const ip_address& destination) const noexcept {
    return parts_->out.source_for(destination);
}

result<path> interface::make_path(const ip_address& source, const ip_address& destination,
                                  ip_protocol protocol) noexcept {
    return parts_->out.make_path(source, destination, protocol, parts_->now);
}

void interface::doubt(const path& way) noexcept {
    parts_->out.doubt(way, parts_->now);
}

bool interface::send(path& way, packet&& p, ecn mark) noexcept {
    return parts_->out.send(way, std::move(p), mark, parts_->now);
}

packet* interface::draft() noexcept {
    return parts_->transmit.draft();
}

bool interface::send_draft(packet& draft, path& way, ecn mark) noexcept {
    return parts_->out.send_draft(draft, way, mark, parts_->now);
}

size_t interface::send_run(path& way, const segment_run& run, ecn mark) noexcept {
    return parts_->out.send_run(way, run, mark, parts_->now);
}

size_t interface::longest_run() const noexcept {
    const size_t device = parts_->info.cuts_bytes;
    return device > 0 ? std::min(device, segment_run::longest_bytes) : segment_run::longest_bytes;
}

datagram interface::open_datagram(const endpoint& local) {
    return datagram(parts_->udp.open(local));
}

bool interface::is_local(const ip_address& a) const noexcept {
    return a.is_v4() && parts_->ways.is_local(a.v4());
}

const std::vector<prefix>& interface::addresses() const noexcept {
    return parts_->config.addresses;
}

unsigned interface::owner_of(uint32_t flow_hash) const noexcept {
    return parts_->protocols.owner_of(flow_hash);
}

const device_info& interface::device() const noexcept {
    return parts_->info;
}

memory_budget& interface::memory() noexcept {
    return parts_->memory;
}

const interface_counters& interface::counters() const noexcept {
    return parts_->counters;
}

const drop_counters& interface::drops() const noexcept {
    return parts_->drops;
}

size_t interface::packets_held() const noexcept {
    const parts& p = *parts_;
    return p.transmit.size() + p.arp.waiting() + p.inbox.size() + p.udp.waiting() + p.fragments.size();
}

}  // namespace millrace::net
