// One connection of a client: reads requests, has them run, writes their replies in order.
#pragma once

#include "apps/kv/dispatcher.hh"
#include "apps/kv/request_parser.hh"
#include "apps/kv/server.hh"
#include "core/future.hh"
#include "net/stream.hh"

#include <memory>

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
    future<> answer_reads();
    // Has those of this shard fetched ahead, and returns how many.
    unsigned fetch_keys(std::string_view read) noexcept;
    verdict run_requests(workspace& w);
    future<> answer_with_others(verdict v);
    future<> run_elsewhere(batch& b);
    future<> reply_info(reply_builder& out);
    future<> reply_client_list(reply_builder& out);
    future<> write_all(reply_builder& out);
    // Replies count as unsent while the client does not take them.
    future<> until_taken(future<> written, size_t bytes);

    server& here_;
    net::stream connection_;
    client who_;
    request_parser parser_;
    bool admitted_;
};

}  // namespace millrace::kv
