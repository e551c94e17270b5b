#include "net/packet.hh"

namespace millrace::net {

buffer join(packet&& p) {
    if (p.fragments.empty()) return std::move(p.head);
    buffer all = buffer::allocate(p.size());
    char* to = all.mutable_data();
    auto copy = [&to](const buffer& b) {
        if (b.empty()) return;
        std::memcpy(to, b.data(), b.size());
        to += b.size();
    };
    copy(p.head);
    for (const auto& f : p.fragments) copy(f);
    return all;
}

}  // namespace millrace::net
