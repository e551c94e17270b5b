// kernel_connection: a TCP connection of the kernel's. Reads as soon as there is something to read, gathers
// what one turn writes and hands it to the kernel in one call at the end of the turn.
#pragma once

#include "core/buffer.hh"
#include "core/future.hh"
#include "core/promise.hh"
#include "net/kernel/kernel_socket.hh"
#include "net/stream.hh"

#include <cstddef>
#include <optional>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <vector>

namespace millrace::net {

class kernel_connection final : public kernel_socket {
 public:
    enum class origin : uint8_t { accepted, connecting };
    kernel_connection(kernel_network& network, socket_handle handle, const endpoint& remote, origin from,
                      const stream_settings& settings);
    ~kernel_connection() override;

    // A connecting one: resolves when it is established, fails when it cannot be.
    future<> established();

    future<buffer> read();
    future<> write(buffer data);
    future<> write_copy(std::string_view data);
    future<> shutdown_write();
    future<> close();
    void abort() noexcept;
    bool connected() const noexcept { return is_open() && !write_ended_ && !error_; }
    endpoint local() const noexcept { return local_; }
    endpoint remote() const noexcept { return remote_; }
    void set(const stream_settings& settings) noexcept;

    // Nobody uses it any more. True if bytes or the FIN still have to go out, and it must live on until
    // done().
    bool lingers() noexcept;
    bool done() const noexcept { return !is_open(); }
    size_t unsent_bytes() const noexcept { return out_bytes_; }

    // The turn's end.
    void flush() noexcept;

 private:
    // To the socket, which is open.
    void apply(const stream_settings& settings) noexcept;
    void on_ready(readiness r) noexcept override;
    void on_network_abort() noexcept override { abort(); }
    void on_network_gone() noexcept override;

    bool read_now(buffer& into) noexcept;
    future<> take_write();
    void write_now() noexcept;
    ssize_t send_pieces(size_t& offered) noexcept;
    void consume(size_t written) noexcept;
    void end_writing() noexcept;
    void check_delivered() noexcept;
    void fail(std::error_code why) noexcept;
    void ask_for_flush();
    void forget_abandoned_reader() noexcept;
    void withdraw() noexcept;
    void shut() noexcept;
    std::error_code refusal() const noexcept;

    endpoint local_;
    endpoint remote_;
    size_t watermark_;
    std::error_code error_;
    // What the last attempt or edge said.
    bool readable_ = true;
    bool writable_ = true;
    bool peer_finished_ = false;  // no edge will tell of it again: read on to the end
    bool connecting_;
    bool at_end_ = false;       // the end was read
    bool write_ended_ = false;  // by shutdown_write() or close()
    bool fin_sent_ = false;
    bool flush_asked_ = false;
    bool orphaned_ = false;    // its stream is gone
    std::vector<buffer> out_;  // from next_out_ on
    size_t next_out_ = 0;
    size_t out_bytes_ = 0;
    std::optional<promise<>> opener_;
    std::optional<promise<buffer>> reader_;
    std::optional<promise<>> writer_;    // waits for room below the watermark
    std::optional<promise<>> finisher_;  // waits for the FIN to go out
    std::optional<promise<>> closer_;    // waits for the FIN to arrive
};

}  // namespace millrace::net
