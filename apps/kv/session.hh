// One connection of a client: reads requests, has them run, writes their replies in order.
#pragma once

#include "apps/kv/dispatch.hh"
#include "apps/kv/request_parser.hh"
#include "apps/kv/server.hh"
#include "core/future.hh"
#include "net/stream.hh"

namespace millrace::kv {

class session {
 public:
    session(server& here, net::stream connection);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    // Resolves when the connection is over, however it ended.
    future<> run();

 private:
    enum class progress : uint8_t { all_read, output_full, gather_info, gather_clients, closing };

    future<> answer_reads();
    // Runs requests until the input or the room for replies is used up.
    progress collect(batch& b);
    future<> run_elsewhere(batch& b);
    future<> reply_info(reply_builder& out);
    future<> reply_client_list(reply_builder& out);
    future<> write(reply_builder& out);

    server& here_;
    net::stream connection_;
    client who_;
    request_parser parser_;
    bool admitted_;
};

}  // namespace millrace::kv
