#include "net/kernel/port_claims.hh"

#include <map>
#include <mutex>

namespace millrace::net {

namespace {

struct claims {
    std::mutex lock;
    // And by how many sockets.
    std::map<std::pair<port_claim::protocol, endpoint>, unsigned> held;
};

claims& of_process() {
    static claims c;
    return c;
}

}  // namespace

port_claim::port_claim(socket_handle& s, protocol p, const endpoint& local, int family) : protocol_(p) {
    claims& all = of_process();
    const std::lock_guard guard(all.lock);
    const bool shared = local.port != 0 && all.held.contains({p, local});
    if (shared) s.set(SOL_SOCKET, SO_REUSEPORT, 1);
    s.bind(local, family);
    s.set(SOL_SOCKET, SO_REUSEPORT, 1);
    place_ = {local.address, s.local().port};
    ++all.held[{p, place_}];
    held_ = true;
}

port_claim::~port_claim() {
    if (!held_) return;
    claims& all = of_process();
    const std::lock_guard guard(all.lock);
    const auto found = all.held.find({protocol_, place_});
    if (--found->second == 0) all.held.erase(found);
}

}  // namespace millrace::net
