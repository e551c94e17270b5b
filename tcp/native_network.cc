#include "tcp/native_network.hh"

#include "core/reactor.hh"
#include "net/shard_steering.hh"
#include "tcp/host/stack.hh"

#include <fmt/format.h>

#include <utility>

namespace millrace::tcp {
namespace {

std::string describe(const net::device_info& device, const net::interface_config& config) {
    std::string text = device.name;
    for (const net::prefix& p : config.addresses) text += fmt::format(" {}", p);
    return text;
}

}  // namespace

native_network::native_network(reactor& r, net::device& device, unsigned queue, net::interface_config config,
                               const native_settings& settings, net::steering_group* others)
    : reactor_(r),
      others_(others),
      name_(describe(device.info(), config)),
      interface_(device.queue(queue), device.info(), std::move(config), r) {
    interface_.register_metrics(r.metrics());
    stack_ = std::make_unique<stack>(r, interface_, others ? r.shard() : 0, settings);
    if (!settings.quiet_until_used) start();
}

void native_network::start() {
    if (std::exchange(started_, true)) return;
    reactor_.add(interface_);
    reactor_.add(*stack_);
    if (others_) others_->join(interface_);
}

native_network::~native_network() {
    reactor::scope here(reactor_);
    if (started_) reactor_.remove(*stack_);
    stack_.reset();
    if (!started_) return;
    if (others_) others_->leave(interface_);
    reactor_.remove(interface_);
}

net::listener native_network::listen(net::listen_options options) {
    start();
    return stack_->listen(std::move(options));
}

future<net::stream> native_network::connect(net::endpoint remote, net::connect_options options) {
    return futurize_invoke([&] {
        start();
        return stack_->connect(remote, options);
    });
}

net::datagram native_network::open_datagram(net::endpoint local) {
    start();
    return interface_.open_datagram(local);
}

future<> native_network::stop() {
    return stack_->stop();
}

std::string native_network::description() const {
    return name_;
}

void native_network::stop_listening() noexcept {
    stack_->stop_listening();
}

void native_network::abort_connections() noexcept {
    stack_->abort_connections();
}

const stats& native_network::counters() const noexcept {
    return stack_->counters();
}

native_usage native_network::usage() const noexcept {
    return stack_->usage();
}

std::optional<connection_info> native_network::connection(const net::endpoint& local,
                                                          const net::endpoint& remote) const noexcept {
    return stack_->info({.local = local, .remote = remote});
}

}  // namespace millrace::tcp
