#include "core/with_timeout.hh"

#include "core/reactor.hh"

namespace millrace {

time_point after(duration delay) noexcept {
    return reactor::current().after(delay);
}

}  // namespace millrace
