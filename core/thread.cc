#include "core/future_state.hh"

namespace millrace {

void future_base::wait_in_thread() noexcept {
    CHECK(available());
}

}  // namespace millrace
