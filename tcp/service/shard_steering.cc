#include "tcp/service/shard_steering.hh"

#include "core/mailbox.hh"

#include <memory>
#include <utility>

namespace millrace::tcp {

bool shard_steering::forward(unsigned shard, net::steered&& what) noexcept {
    auto deliver = [&all = all_, shard, boxed = std::make_unique<net::steered>(std::move(what))]() noexcept {
        if (net::interface* receiver = all[shard]) receiver->accept(std::move(*boxed));
    };
    return try_post(shard, deliver);
}

}  // namespace millrace::tcp
