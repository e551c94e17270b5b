#include "tcp/demux/source_port.hh"

#include "tcp/listen/four_tuple.hh"

namespace millrace::tcp {

uint64_t source_ports::keyed(const net::ip_address& local, const net::endpoint& remote) const noexcept {
    return siphash(secret_, packed_tuple({.local = {local, 0}, .remote = remote}).bytes);
}

}  // namespace millrace::tcp
