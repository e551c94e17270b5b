#include "core/error.hh"

#include <string>

namespace millrace {

namespace {

class category final : public std::error_category {
 public:
    const char* name() const noexcept override { return "millrace"; }

    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
            case errc::broken_promise:
                return "the promise was dropped unresolved";
            case errc::timed_out:
                return "timed out";
            case errc::aborted:
                return "aborted";
            case errc::gate_closed:
                return "the gate is closed";
            case errc::queue_closed:
                return "the queue is closed";
            case errc::semaphore_broken:
                return "the semaphore is broken";
            case errc::condition_broken:
                return "the condition is broken";
            case errc::shard_stopped:
                return "the shard has stopped";
        }
        return "unknown error " + std::to_string(code);
    }

    std::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
            case errc::timed_out:
                return std::errc::timed_out;
            case errc::aborted:
                return std::errc::operation_canceled;
            case errc::broken_promise:
            case errc::gate_closed:
            case errc::queue_closed:
            case errc::semaphore_broken:
            case errc::condition_broken:
            case errc::shard_stopped:
                break;
        }
        return {code, *this};
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

}  // namespace millrace
