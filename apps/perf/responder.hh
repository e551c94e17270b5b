// The server's end of the Redis workloads: GET and SET and nothing more, for measuring and testing without
// millrace-kv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace millrace::perf {

using resp_store = std::unordered_map<std::string, std::string>;

// One connection's requests.
class responder {
 public:
    explicit responder(resp_store& s) : store_(s) {}

    // Appends the replies to what is complete. False if the bytes are no requests: the last reply says so.
    bool feed(std::string_view bytes, std::string& replies);
    // Since it was last asked.
    uint64_t take_answered() noexcept { return std::exchange(answered_, 0); }

 private:
    enum class outcome { complete, unfinished, wrong };

    outcome parse(std::string_view& bytes);
    void answer(std::string& replies);

    resp_store& store_;
    std::string unfinished_;
    std::vector<std::string_view> words_;
    uint64_t answered_ = 0;
};

}  // namespace millrace::perf
