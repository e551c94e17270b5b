#include "apps/kv/session.hh"

#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/reactor.hh"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <system_error>
#include <vector>

namespace millrace::kv {

namespace {
logger log("kv.session");
}

session::session(server& here, net::stream connection)
    : here_(here), connection_(std::move(connection)), parser_(here.state().limits, here.state().unfinished) {
    who_.local = connection_.local();
    who_.remote = connection_.remote();
    who_.connected = who_.last_command_at = reactor::current().now();
    admitted_ = here_.state().admit(who_);
}

session::~session() {
    if (admitted_) here_.state().dismiss(who_);
}

future<> session::run() {
    try {
        if (admitted_)
            co_await answer_reads();
        else
            co_await connection_.write("-ERR max number of clients reached\r\n");
        co_await connection_.close();
    } catch (const std::system_error& e) {
        ++here_.state().counters.connections_lost;
        log.debug("{}: {}", who_.remote, e.what());
    }
}

future<> session::answer_reads() {
    shard_state& shard = here_.state();
    progress p = progress::all_read;
    while (p != progress::closing) {
        buffer in = co_await connection_.read();
        if (!in) co_return;
        ++shard.counters.reads;
        shard.counters.bytes_in += in.size();
        parser_.feed(std::move(in));
        auto w = here_.borrow();
        do {
            p = collect(w->collected);
            here_.watch_expiry();
            reply_builder* out = &w->collected.reply();
            if (!w->collected.complete()) {
                co_await run_elsewhere(w->collected);
                w->collected.assemble(w->assembled);
                out = &w->assembled;
            }
            if (p == progress::gather_info) co_await reply_info(*out);
            if (p == progress::gather_clients) co_await reply_client_list(*out);
            shard.counters.bytes_out += out->bytes();
            if (out->has_attachments())
                co_await write(*out);
            else if (!out->empty())
                co_await connection_.write(out->text());
            out->clear();
        } while (p != progress::all_read && p != progress::closing);
        here_.give_back(std::move(w));
        if (p == progress::all_read && !parser_.detach()) {
            ++shard.counters.protocol_errors;
            co_await connection_.write("-ERR Protocol error: too much unfinished input\r\n");
            p = progress::closing;
        }
    }
}

session::progress session::collect(batch& b) {
    shard_state& shard = here_.state();
    time_point now = reactor::current().now();
    who_.last_command_at = now;
    while (b.reply().bytes() < shard.config.output_watermark) {
        switch (parser_.next()) {
            case request_parser::outcome::incomplete:
                return progress::all_read;
            case request_parser::outcome::malformed:
                ++shard.counters.protocol_errors;
                b.reply().error(fmt::format("ERR Protocol error: {}", parser_.error()));
                return progress::closing;
            case request_parser::outcome::request:
                break;
        }
        switch (dispatch(shard, who_, b, now, parser_.request())) {
            case verdict::done:
                break;
            case verdict::info:
                return progress::gather_info;
            case verdict::list_clients:
                return progress::gather_clients;
            case verdict::close:
                return progress::closing;
        }
    }
    return progress::output_full;
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
future<> session::write(reply_builder& out) {
    size_t done = 0;
    for (auto& a : out.attachments()) {
        if (a.at != done) co_await connection_.write(out.text().substr(done, a.at - done));
        done = a.at;
        co_await connection_.write(std::move(a.bytes));
    }
    co_await connection_.write(out.text().substr(done));
}

}  // namespace millrace::kv
