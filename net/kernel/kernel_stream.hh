// kernel_stream: what an application holds of a kernel connection, which may outlive it to send what is left.
#pragma once

#include "net/kernel/kernel_connection.hh"
#include "net/kernel/kernel_network.hh"

#include <memory>
#include <utility>

namespace millrace::net {

class kernel_stream final : public stream_backend {
 public:
    // The network outlives every connection that lingers.
    kernel_stream(kernel_network& network, std::unique_ptr<kernel_connection> c) noexcept
        : network_(network), connection_(std::move(c)) {}
    ~kernel_stream() override {
        if (connection_->lingers()) network_.adopt(std::move(connection_));
    }

    future<buffer> read() override { return connection_->read(); }
    future<> write(buffer data) override { return connection_->write(std::move(data)); }
    future<> write_copy(std::string_view data) override { return connection_->write_copy(data); }
    future<> shutdown_write() override { return connection_->shutdown_write(); }
    future<> close() override { return connection_->close(); }
    void abort() noexcept override { connection_->abort(); }
    bool connected() const noexcept override { return connection_->connected(); }
    endpoint local() const noexcept override { return connection_->local(); }
    endpoint remote() const noexcept override { return connection_->remote(); }
    void set(const stream_settings& settings) noexcept override { connection_->set(settings); }

 private:
    kernel_network& network_;
    std::unique_ptr<kernel_connection> connection_;
};

}  // namespace millrace::net
