#include "tcp/connection/failure.hh"

#include "net/error.hh"

namespace millrace::tcp {

std::error_code error_of(failure f) noexcept {
    switch (f) {
        case failure::none:
            return {};
        case failure::refused:
            return net::errc::connection_refused;
        case failure::reset:
            return net::errc::connection_reset;
        case failure::aborted:
            return net::errc::connection_aborted;
        case failure::timed_out:
            return net::errc::timed_out;
        case failure::host_unreachable:
            return net::errc::host_unreachable;
        case failure::network_unreachable:
            return net::errc::network_unreachable;
    }
    return {};
}

}  // namespace millrace::tcp
