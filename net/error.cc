#include "net/error.hh"

#include <string>

namespace millrace::net {

namespace {

class net_category final : public std::error_category {
 public:
    const char* name() const noexcept override { return "millrace.net"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::connection_refused:
                return "connection refused";
            case errc::connection_reset:
                return "connection reset by the peer";
            case errc::connection_aborted:
                return "connection aborted";
            case errc::timed_out:
                return "the peer did not answer in time";
            case errc::host_unreachable:
                return "host unreachable";
            case errc::network_unreachable:
                return "network unreachable";
            case errc::address_in_use:
                return "address in use";
            case errc::address_not_available:
                return "address or port not available";
            case errc::not_connected:
                return "not connected";
            case errc::message_too_long:
                return "message too long";
            case errc::no_buffer_space:
                return "no buffer space";
            case errc::closed:
                return "the socket is closed";
            case errc::invalid_address:
                return "not a valid address";
            case errc::not_supported:
                return "not supported";
        }
        return "unknown error " + std::to_string(value);
    }

    std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::connection_refused:
                return std::errc::connection_refused;
            case errc::connection_reset:
                return std::errc::connection_reset;
            case errc::connection_aborted:
                return std::errc::connection_aborted;
            case errc::timed_out:
                return std::errc::timed_out;
            case errc::host_unreachable:
                return std::errc::host_unreachable;
            case errc::network_unreachable:
                return std::errc::network_unreachable;
            case errc::address_in_use:
                return std::errc::address_in_use;
            case errc::address_not_available:
                return std::errc::address_not_available;
            case errc::not_connected:
                return std::errc::not_connected;
            case errc::message_too_long:
                return std::errc::message_size;
            case errc::no_buffer_space:
                return std::errc::no_buffer_space;
            case errc::closed:
                return std::errc::bad_file_descriptor;
            case errc::invalid_address:
                return std::errc::invalid_argument;
            case errc::not_supported:
                return std::errc::operation_not_supported;
        }
        return {value, *this};
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const net_category category;
    return category;
}

}  // namespace millrace::net
