#include "apps/perf/responder.hh"

#include <charconv>
#include <optional>

namespace millrace::perf {

namespace {

constexpr size_t most_words = 8;
constexpr size_t longest_word = 16u << 20;
constexpr size_t longest_number = 10;

struct counted {
    bool wrong = false;
    std::optional<size_t> value;  // none yet: the line is not complete
};

// "*3\r\n" or "$16\r\n", taken off the front.
counted take_count(char mark, size_t most, std::string_view& bytes) {
    if (bytes.empty()) return {};
    if (bytes.front() != mark) return {.wrong = true, .value = {}};
    const size_t end = bytes.substr(0, longest_number).find("\r\n");
    if (end == bytes.npos) return {.wrong = bytes.size() >= longest_number, .value = {}};
    size_t n = 0;
    const auto [stop, error] = std::from_chars(bytes.data() + 1, bytes.data() + end, n);
    if (error != std::errc() || stop != bytes.data() + end || n > most) return {.wrong = true, .value = {}};
    bytes.remove_prefix(end + 2);
    return {.wrong = false, .value = n};
}

}  // namespace

// One request into words_, taken off the front if it is complete.
responder::outcome responder::parse(std::string_view& bytes) {
    std::string_view rest = bytes;
    const counted words = take_count('*', most_words, rest);
    if (words.wrong || words.value == 0u) return outcome::wrong;
    if (!words.value) return outcome::unfinished;
    words_.clear();
    while (words_.size() < *words.value) {
        const counted length = take_count('$', longest_word, rest);
        if (length.wrong) return outcome::wrong;
        if (!length.value || rest.size() < *length.value + 2) return outcome::unfinished;
        words_.push_back(rest.substr(0, *length.value));
        if (rest.substr(*length.value, 2) != "\r\n") return outcome::wrong;
        rest.remove_prefix(*length.value + 2);
    }
    bytes = rest;
    return outcome::complete;
}

void responder::answer(std::string& replies) {
    ++answered_;
    if (words_.size() == 3 && words_[0] == "SET") {
        store_[std::string(words_[1])] = words_[2];
        replies += "+OK\r\n";
    } else if (words_.size() == 2 && words_[0] == "GET") {
        const auto found = store_.find(std::string(words_[1]));
        if (found == store_.end()) {
            replies += "$-1\r\n";
            return;
        }
        replies += '$' + std::to_string(found->second.size()) + "\r\n";
        replies += found->second;
        replies += "\r\n";
    } else {
        replies += "-ERR millrace-perf knows GET and SET only\r\n";
    }
}

bool responder::feed(std::string_view bytes, std::string& replies) {
    const bool continued = !unfinished_.empty();
    if (continued) {
        unfinished_ += bytes;
        bytes = unfinished_;
    }
    outcome o = outcome::complete;
    while (!bytes.empty() && (o = parse(bytes)) == outcome::complete) answer(replies);
    if (o == outcome::wrong) {
        replies += "-ERR Protocol error\r\n";
        return false;
    }
    if (continued)
        unfinished_.erase(0, unfinished_.size() - bytes.size());
    else
        unfinished_ = bytes;
    return true;
}

}  // namespace millrace::perf
