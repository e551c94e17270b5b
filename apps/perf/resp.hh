// The Redis protocol as a load generator speaks it: requests of a known shape, and replies that are known
// byte by byte before they come. A key's value follows from its number, so that a GET checks what a SET
// stored.
#pragma once

#include "apps/perf/pattern.hh"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace::perf {

// GET or SET of one key.
struct resp_request {
    uint32_t key : 31;
    uint32_t is_set : 1;
};

class resp_dialect {
 public:
    // Values of `value` bytes, which `p` must reach. `check`: the values in replies are compared.
    resp_dialect(const pattern& p, size_t value, bool check);

    size_t size_of(resp_request r) const noexcept {
        return r.is_set ? set_head_.size() + value_ + 2 : get_.size();
    }
    // Writes the request, size_of() bytes, and returns its end.
    char* put(char* to, resp_request r) const noexcept;

    // How far the replies to a batch of requests have come.
    struct progress {
        uint32_t answered = 0;  // requests
        uint32_t offset = 0;    // bytes of the next one's reply
    };
    // Takes bytes of the replies to `asked`. False if they are other than they must be; p then shows where.
    bool take(std::span<const resp_request> asked, progress& p, std::string_view& bytes) const noexcept;
    // What was wrong, for a sentence: "answered '-ERR ...' to a GET". `bytes` as take() left them.
    std::string complaint(std::span<const resp_request> asked, const progress& p,
                          std::string_view bytes) const;

 private:
    std::string_view expected(resp_request r, uint32_t offset) const noexcept;
    std::string_view value_of(uint32_t key) const noexcept {
        return pattern_.at(uint64_t(key) * 7919, value_);
    }

    const pattern& pattern_;
    size_t value_;
    bool check_;
    std::string get_;       // a whole request, with the key 0
    std::string set_head_;  // of one, up to the value
    std::string reply_head_;
};

}  // namespace millrace::perf
