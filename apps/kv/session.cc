#include "apps/kv/session.hh"

#include "apps/kv/coming_keys.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/reactor.hh"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace millrace::kv {

namespace {

logger session_log("kv.session");

// A read's keys that are fetched ahead: two cache lines each, of the 512 or more that the nearest cache has.
constexpr unsigned most_keys_ahead = 64;
// So many keep the memory busy by themselves.
constexpr unsigned many_keys = 8;

bool asks_all_shards(verdict v) noexcept {
    return v == verdict::info || v == verdict::list_clients;
}

// Replies that count as unsent for as long as this is there.
class unsent_share {
 public:
    unsent_share(shard_state& here, client& who, uint64_t bytes) noexcept
        : here_(here), who_(who), bytes_(bytes) {
        here.unsent.add(who, bytes, here.clients());
    }
    unsent_share(const unsent_share&) = delete;
    unsent_share& operator=(const unsent_share&) = delete;
    ~unsent_share() { here_.unsent.remove(who_, bytes_); }

 private:
    shard_state& here_;
    client& who_;
    uint64_t bytes_;
};

}  // namespace

session::session(server& here, net::stream connection)
    : here_(here), connection_(std::move(connection)), parser_(here.state().limits, here.state().unfinished) {
    who_.local = connection_.local();
    who_.remote = connection_.remote();
    who_.connected = who_.last_command_at = reactor::current().now();
    who_.connection = &connection_;
    admitted_ = here_.state().admit(who_);
}

session::~session() {
    if (admitted_) here_.state().dismiss(who_);
}

future<> session::run() {
    shard_state& shard = here_.state();
    try {
        if (admitted_)
            co_await answer_reads();
        else
            co_await connection_.write("-ERR max number of clients reached\r\n");
        co_await connection_.close();
    } catch (const std::system_error& e) {
        ++shard.counters.connections_lost;
        session_log.debug("{}: {}", who_.remote, e.what());
    } catch (const std::exception& e) {
        ++shard.counters.failures;
        if (const uint64_t count = shard.failure_lines.admit(reactor::current().now()))
            session_log.error("{}: closed: {} ({} so far)", who_.remote, e.what(), count);
        connection_.abort();
    }
}

future<> session::answer_reads() {
    shard_state& shard = here_.state();
    for (verdict v = verdict::done; v != verdict::close;) {
        buffer in = co_await connection_.read();
        if (!in) co_return;
        ++shard.counters.reads;
        shard.counters.bytes_in += in.size();
        // The first of many is there when the last has been asked for; one is, when others have done the
        // same.
        if (shard.keys.far() && fetch_keys(in.view()) < many_keys && run_queue::current().size() > 0)
            co_await behind_others();
        parser_.feed(std::move(in));
        do {
            workspace& w = here_.shared_workspace();
            v = run_requests(w);
            reply_builder& reply = w.collected.reply();
            const bool simple = w.collected.complete() && !reply.has_attachments() && !asks_all_shards(v);
            if (!simple) co_await answer_with_others(v);
            if (v == verdict::done && !parser_.detach()) {
                ++shard.counters.protocol_errors;
                here_.shared_workspace().collected.reply().error(
                    "ERR Protocol error: too much unfinished input");
                v = verdict::close;
            }
            if (buffer text = here_.shared_workspace().collected.reply().take_text()) {
                const size_t bytes = text.size();
                shard.counters.bytes_out += bytes;
                future<> written = connection_.write(std::move(text));
                if (!written.available() || written.failed()) [[unlikely]]
                    co_await until_taken(std::move(written), bytes);
            }
        } while (v != verdict::done && v != verdict::close);
    }
}

unsigned session::fetch_keys(std::string_view read) noexcept {
    coming_keys all(read);
    unsigned fetched = 0;
    for (unsigned n = 0; n < most_keys_ahead; ++n) {
        const std::string_view key = all.next();
        if (key.empty()) break;
        fetched += here_.state().fetch_ahead(key);
    }
    return fetched;
}

// What throws leaves nothing behind for others.
verdict session::run_requests(workspace& w) {
    try {
        dispatcher all(here_.state(), who_, w.collected, reactor::current().now());
        const verdict v = all.run_all(parser_);
        here_.watch_expiry();
        return v;
    } catch (...) {
        w.collected.clear();
        throw;
    }
}

// The shared workspace has what waits for other shards, or is more than one buffer.
future<> session::answer_with_others(verdict v) {
    auto w = here_.take_workspace();
    reply_builder* out = &w->collected.reply();
    if (!w->collected.complete()) {
        co_await run_elsewhere(w->collected);
        w->collected.assemble(w->assembled);
        out = &w->assembled;
    }
    if (v == verdict::info) co_await reply_info(*out);
    if (v == verdict::list_clients) co_await reply_client_list(*out);
    co_await write_all(*out);
    here_.give_back(std::move(w));
}

// The other shards read the requests, and write into the deliveries, where they are: all of them must be back
// before this one goes on, whatever happens.
future<> session::run_elsewhere(batch& b) {
    std::vector<future<>> under_way;
    auto& deliveries = b.deliveries();
    for (unsigned shard = 0; shard < deliveries.size(); ++shard) {
        delivery& d = deliveries[shard];
        if (d.operations.empty()) continue;
        ++here_.state().counters.batches;
        here_.state().counters.remote += d.operations.size();
        under_way.push_back(here_.all().invoke_on(shard, [&d](server& there) { there.run(d); }));
    }
    std::exception_ptr failure;
    for (auto& f : under_way) {
        co_await settled(f);
        if (f.failed()) failure = f.get_exception();
    }
    if (failure) std::rethrow_exception(failure);
}

future<> session::reply_info(reply_builder& out) {
    auto reports = co_await here_.all().map([](server& s) { return s.report(); });
    // The request is still the parser's.
    out.bulk(info_text(parser_.request().subspan(1), here_.facts(who_.local.port), reports));
}

future<> session::reply_client_list(reply_builder& out) {
    auto lines =
        co_await here_.all().map([](server& s) { return client_lines(s.state(), reactor::current().now()); });
    std::string all;
    for (const auto& l : lines) all += l;
    out.bulk(all);
}

// Text and attached values in turns.
future<> session::write_all(reply_builder& out) {
    here_.state().counters.bytes_out += out.bytes();
    const unsent_share counted(here_.state(), who_, out.bytes());
    const auto attachments = std::exchange(out.attachments(), {});
    const buffer text = out.take_text();
    out.clear();
    size_t done = 0;
    for (const auto& a : attachments) {
        co_await connection_.write(text.share(done, a.at - done));
        done = a.at;
        co_await connection_.write(a.bytes.share());
    }
    co_await connection_.write(text.share(done, text.size() - done));
}

future<> session::until_taken(future<> written, size_t bytes) {
    const unsent_share counted(here_.state(), who_, bytes);
    co_await std::move(written);
}

}  // namespace millrace::kv
