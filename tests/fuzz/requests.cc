// Requests of millrace-kv, in RESP or typed by people: cut wherever the network likes, they are the same
// requests and have the same answers (apps/kv/request_parser.hh).
#include "apps/kv/request_parser.hh"
#include "tests/fuzz/bytes.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"
#include "tests/support/kv_fixture.hh"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace millrace::fuzz {
namespace {

using namespace kv;

// The pieces of `text` that a connection reads, one after the other.
std::vector<std::string_view> cut(std::string_view text, input& in) {
    std::vector<std::string_view> pieces;
    const unsigned longest = 1 + in.below(40);
    while (!text.empty()) {
        const size_t n = std::min<size_t>(text.size(), 1 + in.below(longest));
        pieces.push_back(text.substr(0, n));
        text.remove_prefix(n);
    }
    return pieces;
}

// All requests, as a text of their own.
std::string requests_of(const std::vector<std::string_view>& pieces, const request_limits& limits,
                        byte_budget& budget) {
    request_parser parser(limits, budget);
    std::string all;
    for (const auto& piece : pieces) {
        parser.feed(exact_copy(piece));
        for (;;) {
            const auto outcome = parser.next();
            if (outcome == request_parser::outcome::incomplete) break;
            if (outcome == request_parser::outcome::malformed) return all + "malformed: " + parser.error();
            require(!parser.request().empty(), "a request without a name");
            require(parser.request().size() <= limits.arguments, "too many arguments");
            const command_word name(parser.request()[0]);
            require(find_command(name) == find_command(parser.name()), "the name that was taken");
            for (const auto& a : parser.request()) {
                require(a.size() <= std::max(limits.argument_bytes, limits.inline_bytes), "too long");
                all += fmt::format("{}:", a.size()).append(a);
            }
            all += "\n";
        }
        if (!parser.detach()) return all + "over the budget";
    }
    return all;
}

// What a client of one shard is answered. What the session adds, INFO and CLIENT LIST, is left out.
std::string answers_to(const std::vector<std::string_view>& pieces) {
    kv_fixture kv;
    std::string all;
    request_parser parser(kv.states[0]->limits, kv.states[0]->unfinished);
    for (const auto& piece : pieces) {
        parser.feed(exact_copy(piece));
        do {
            kv.run_all(parser);
            require(kv.collected.complete(), "one shard waits for another");
            all += kv_fixture::flat(kv.collected.reply());
            kv.collected.clear();
        } while (kv.last != verdict::done && kv.last != verdict::close);
        if (kv.last == verdict::close) return all + "closed";
        if (!parser.detach()) return all + "over the budget";
    }
    return all;
}

}  // namespace

void run_requests(std::span<const uint8_t> bytes) {
    input in(bytes);
    const request_limits limits{
        .argument_bytes = 100 + in.below(200), .arguments = 6 + in.below(10), .inline_bytes = in.below(256)};
    const bool is_scarce = in.below(8) == 0;
    byte_budget budget(is_scarce ? in.u16() : uint64_t(1) << 40);
    input cuts(bytes.subspan(0, std::min<size_t>(bytes.size(), 64)));
    const std::string_view text = in.rest();
    const auto pieces = cut(text, cuts);

    const std::string whole = requests_of({text}, limits, budget);
    require(budget.used() == 0, "the budget is not given back");
    const std::string in_pieces = requests_of(pieces, limits, budget);
    require(budget.used() == 0, "the budget is not given back");
    if (is_scarce) return;
    require(whole == in_pieces, "other requests when cut");
    require(answers_to({text}) == answers_to(pieces), "other answers when cut");
}

}  // namespace millrace::fuzz
