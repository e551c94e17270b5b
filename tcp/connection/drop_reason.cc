#include "tcp/connection/drop_reason.hh"

namespace millrace::tcp {

std::string_view to_string(drop_reason r) noexcept {
    switch (r) {
        case drop_reason::none:
            return "none";
        case drop_reason::closed:
            return "closed";
        case drop_reason::no_ack:
            return "no_ack";
        case drop_reason::unexpected:
            return "unexpected";
        case drop_reason::out_of_window:
            return "out_of_window";
        case drop_reason::old_timestamp:
            return "old_timestamp";
        case drop_reason::missing_timestamp:
            return "missing_timestamp";
        case drop_reason::reset_challenged:
            return "reset_challenged";
        case drop_reason::syn_challenged:
            return "syn_challenged";
        case drop_reason::unacceptable_ack:
            return "unacceptable_ack";
        case drop_reason::ancient_ack:
            return "ancient_ack";
        case drop_reason::unacceptable_reset:
            return "unacceptable_reset";
        case drop_reason::data_after_close:
            return "data_after_close";
        case drop_reason::data_after_fin:
            return "data_after_fin";
        case drop_reason::reassembly_full:
            return "reassembly_full";
        case drop_reason::no_memory:
            return "no_memory";
    }
    return "?";
}

}  // namespace millrace::tcp
