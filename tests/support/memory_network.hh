// A network in memory: connections within one process and one reactor, whose streams hand buffers over. For
// tests of applications that do not care what carries them.
#pragma once

#include "net/network.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace millrace::test {

struct memory_listener_state;

class memory_network final : public net::network {
 public:
    memory_network();
    ~memory_network() override;

    net::listener listen(net::listen_options options) override;
    // Refused where nobody listens.
    future<net::stream> connect(net::endpoint remote, net::connect_options options = {}) override;
    net::datagram open_datagram(net::endpoint local) override;
    future<> stop() override;
    void abort_connections() noexcept override {}  // it knows none of them
    std::string description() const override { return "memory"; }

    // Bytes that may be written before the writer waits for the reader.
    size_t window = 256 * 1024;
    // Cuts what is read into pieces of at most so many bytes; 0: as written.
    size_t read_bytes = 0;

 private:
    std::map<uint16_t, std::shared_ptr<memory_listener_state>> listeners_;
    uint16_t next_port_ = 40'000;
};

}  // namespace millrace::test
