// IPv4 on its way out: paths, headers, checksums, fragments (RFC 791 §3.2, RFC 1122 §3.3).
#pragma once

#include "core/random.hh"
#include "core/result.hh"
#include "net/ethernet/neighbours.hh"
#include "net/ethernet/transmit_queue.hh"
#include "net/ipv4/path_mtus.hh"
#include "net/ipv4/routes.hh"
#include "net/path.hh"
#include "net/segment_run.hh"

#include <array>

namespace millrace::net {

class output {
 public:
    // `generation`: counted up when neighbours or MTUs changed, so that paths are looked up again.
    output(const device_info& device, const interface_config& config, const routes& r, neighbours& n,
           transmit_queue& out, uint32_t& generation, random& rng, interface_counters& counters,
           drop_counters& drops);

    // See interface.
    result<path> make_path(const ip_address& source, const ip_address& destination, ip_protocol protocol,
                           time_point now) noexcept;
    result<ip_address> source_for(const ip_address& destination) const noexcept;
    void doubt(const path& way, time_point now) noexcept;
    bool send(path& way, packet&& p, ecn mark, time_point now) noexcept;
    bool send_draft(packet& draft, path& way, ecn mark, time_point now) noexcept;
    size_t send_run(path& way, const segment_run& run, ecn mark, time_point now) noexcept;

    // A router or the peer said that packets to `destination` must not be longer.
    void lower_mtu(ipv4_address destination, uint16_t mtu, time_point now) noexcept;

    uint16_t mtu() const noexcept { return mtu_; }
    buffer allocate() noexcept { return out_.allocate(); }

 private:
    bool is_fresh(const path& way, time_point now) const noexcept {
        return way.resolved_ && way.generation_ == generation_ && now <= way.fresh_until_;
    }
    bool refresh(path& way, time_point now) noexcept;
    void write_template(path& way) const noexcept;
    void fill_l4_checksum(const path& way, packet& p, size_t size, ip_protocol protocol) const noexcept;
    static void ask_for_checksum(packet& p, uint8_t* field, uint32_t pseudo, ip_protocol protocol) noexcept;
    static void write_fields(const path& way, uint8_t* ip, size_t size, ecn mark, uint16_t id,
                             uint16_t fragment_field) noexcept;
    static void prepend_tcp_header(path& way, buffer& head, size_t size, ecn mark) noexcept;
    bool may_cut_in_device(const path& way, const segment_run& run, time_point now) const noexcept;
    bool send_uncut(path& way, const segment_run& run, ecn mark) noexcept;
    bool send_piece(path& way, const segment_run& run, size_t at, ecn mark, time_point now) noexcept;
    bool send_moved(packet& draft, path& way, ecn mark, time_point now) noexcept;
    bool send_whole(path& way, packet&& p, ecn mark, size_t size, uint16_t id,
                    uint16_t fragment_field) noexcept;
    bool hand_on(path& way, packet&& p) noexcept;
    bool send_fragments(path& way, packet&& p, ecn mark, size_t size) noexcept;
    bool refuse(drop_reason why) noexcept {
        drops_.count(why);
        return false;
    }
    uint16_t next_id(const path& way) noexcept;

    mac_address mac_;
    uint16_t mtu_;
    uint8_t ttl_;
    bool device_fills_tcp_;
    bool device_fills_udp_;
    uint32_t device_cuts_bytes_;
    uint32_t device_piece_bytes_;
    const routes& routes_;
    neighbours& neighbours_;
    transmit_queue& out_;
    uint32_t& generation_;
    path_mtus path_mtus_;
    // Identification of datagrams that may be fragmented, by a hash of the destination, so that one peer
    // cannot count what goes to the others (RFC 6864 §4.3, RFC 7739 §5.2).
    std::array<uint16_t, 256> ids_;
    interface_counters& counters_;
    drop_counters& drops_;
};

}  // namespace millrace::net
