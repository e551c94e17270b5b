// Shards of millrace-kv in one thread, without a network: requests in, reply text out.
#pragma once

#include "apps/kv/dispatcher.hh"
#include "apps/kv/report.hh"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::kv {

struct kv_fixture {
    explicit kv_fixture(unsigned shards = 1, const settings& s = {}) : collected(shards) {
        for (unsigned i = 0; i < shards; ++i)
            states.push_back(std::make_unique<shard_state>(s, i, shards, hash_seed{}));
        states[0]->admit(who);
    }

    // Runs inline commands, separated by newlines, as one read of a client of shard 0.
    std::string operator()(std::string_view lines) {
        request_parser parser(states[0]->limits, states[0]->unfinished);
        parser.feed(buffer::copy_of(std::string(lines) + "\n"));
        reply_builder out;
        run_all(parser);
        for (unsigned i = 0; i < states.size(); ++i)
            if (auto& d = collected.deliveries()[i]; !d.operations.empty()) d.run_at(*states[i], now);
        collected.assemble(out);
        return flat(out);
    }

    // The replies to one read of a client of shard 0, all of them known at once. Valid until the next read.
    std::string_view answer(request_parser& parser, buffer&& read) {
        collected.reply().clear();
        parser.feed(std::move(read));
        run_all(parser);
        CHECK(parser.detach() && collected.complete());
        return collected.reply().text();
    }

    void run_all(request_parser& parser) {
        last = dispatcher(*states[0], who, collected, now).run_all(parser);
    }

    static std::string flat(reply_builder& r) {
        std::string text;
        size_t done = 0;
        for (const auto& a : r.attachments()) {
            text += r.text().substr(done, a.at - done);
            text += a.bytes.view();
            done = a.at;
        }
        return text += r.text().substr(done);
    }

    size_t keys() const {
        size_t n = 0;
        for (const auto& s : states) n += s->keys.size();
        return n;
    }

    std::vector<std::unique_ptr<shard_state>> states;
    batch collected;
    client who;
    time_point now{std::chrono::seconds(1000)};
    verdict last = verdict::done;
};

}  // namespace millrace::kv
