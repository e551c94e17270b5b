// What millrace-perf reads: replies to its requests, as a client, and requests, as a server. Cut wherever the
// network likes, they mean the same (apps/perf/resp.hh, apps/perf/responder.hh, apps/perf/protocol.hh).
#include "apps/perf/protocol.hh"
#include "apps/perf/resp.hh"
#include "apps/perf/responder.hh"
#include "tests/fuzz/input.hh"
#include "tests/fuzz/target.hh"

#include <algorithm>
#include <string>
#include <vector>

namespace millrace::fuzz {
namespace {

using namespace perf;

struct judgement {
    bool good = true;
    uint32_t answered = 0;
    bool operator==(const judgement&) const = default;
};

// Reads pieces of at most `longest` bytes.
judgement judge(const resp_dialect& d, std::span<const resp_request> asked, std::string_view text,
                size_t longest) {
    resp_dialect::progress p;
    judgement j;
    while (!text.empty() && j.good) {
        const std::string exact(text.substr(0, longest));
        std::string_view piece = exact;
        j.good = d.take(asked, p, piece);
        require(!j.good || piece.empty(), "a good piece is taken as a whole");
        if (!j.good) require(!d.complaint(asked, p, piece).empty(), "no complaint");
        text.remove_prefix(exact.size());
    }
    j.answered = p.answered;
    require(p.answered <= asked.size(), "more answers than requests");
    require(!j.good || j.answered < asked.size() || p.offset == 0, "an answer to nothing");
    return j;
}

void check_dialect(input& in) {
    static const pattern values(4096);
    const size_t size = in.below(3) ? in.below(12) : in.below(300);
    const resp_dialect d(values, size, in.flag());
    std::vector<resp_request> asked(in.below(6));
    std::string replies, requests;
    for (auto& r : asked) {
        r.key = in.below(4) ? in.below(1000) : in.u32() & 0x7fffffff;
        r.is_set = in.flag();
        requests.resize(requests.size() + d.size_of(r));
        require(
            d.put(requests.data() + requests.size() - d.size_of(r), r) == requests.data() + requests.size(),
            "size of a request");
        replies += r.is_set ? std::string("+OK\r\n")
                            : "$" + std::to_string(size) + "\r\n" +
                                  std::string(values.at(uint64_t(r.key) * 7919, size)) + "\r\n";
    }
    const size_t longest = 1 + in.below(20);
    const judgement j = judge(d, asked, replies, longest);
    require(j.good && j.answered == asked.size(), "honest replies are refused");

    for (unsigned n = in.below(4); n > 0 && !replies.empty(); --n)
        replies[in.below(uint32_t(replies.size()))] = char(in.u8());
    replies += in.rest();
    require(judge(d, asked, replies, longest) == judge(d, asked, replies, replies.size()),
            "judged differently when cut");
}

void check_responder(input& in) {
    resp_store store, store_of_pieces;
    responder whole(store), cut(store_of_pieces);
    const size_t longest = 1 + in.below(20);
    std::string_view text = in.rest();
    std::string replies, replies_of_pieces;
    (void)opening_of(text);
    (void)hello::parse(text.substr(0, hello::size));
    const bool good = whole.feed(text, replies);
    bool all_good = true;
    for (; !text.empty() && all_good; text.remove_prefix(std::min(longest, text.size())))
        all_good = cut.feed(text.substr(0, longest), replies_of_pieces);
    require(good == all_good && replies == replies_of_pieces, "other answers when cut");
    require(store == store_of_pieces, "other values when cut");
}

void check_hello(input& in) {
    const std::string text(in.text(hello::size));
    if (text.size() != hello::size) return;
    if (const auto h = hello::parse(text)) {
        const auto again = h->emit();
        require(std::string_view(again.data(), again.size()) == text,
                "a hello that we would write otherwise");
    }
}

}  // namespace

void run_replies(std::span<const uint8_t> bytes) {
    input in(bytes);
    switch (in.below(4)) {
        case 0:
            return check_responder(in);
        case 1:
            return check_hello(in);
        default:
            return check_dialect(in);
    }
}

}  // namespace millrace::fuzz
