// The ECN field of the IP header: RFC 3168 §5.
#pragma once

#include <cstdint>

namespace millrace::net {

enum class ecn : uint8_t { not_capable = 0, ect1 = 1, ect0 = 2, congestion_experienced = 3 };

}  // namespace millrace::net
