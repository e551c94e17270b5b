#include "core/log.hh"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <stdexcept>
#include <time.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace millrace {

namespace {

constexpr std::array<std::string_view, 5> level_names = {"error", "warn", "info", "debug", "trace"};

thread_local log_origin origin_of_thread;

log_level level_named(std::string_view name) {
    auto found = std::find(level_names.begin(), level_names.end(), name);
    if (found == level_names.end())
        throw std::invalid_argument(
            fmt::format("'{}' is not a log level: one of error, warn, info, debug, trace", name));
    return log_level(found - level_names.begin());
}

}  // namespace

std::string_view name_of(log_level level) noexcept {
    return level_names[size_t(level)];
}

// All loggers of the process, and the levels asked for, so that a logger made later gets its level too.
class log_registry {
 public:
    // Never destroyed: loggers are static objects and may outlive any other.
    static log_registry& instance() {
        static auto* registry = new log_registry;
        return *registry;
    }

    void add(logger& l) {
        loggers_.push_back(&l);
        l.level_ = level_for(l.name_);
    }
    void remove(logger& l) { std::erase(loggers_, &l); }

    void set_levels(log_level general, std::vector<std::pair<std::string, log_level>> exceptions) {
        general_ = general;
        exceptions_ = std::move(exceptions);
        for (logger* l : loggers_) l->level_ = level_for(l->name_);
    }

    std::vector<std::string> names() const {
        std::set<std::string> all;
        for (const logger* l : loggers_) all.emplace(l->name_);
        return {all.begin(), all.end()};
    }

    std::vector<std::string> missing() const {
        std::set<std::string> all;
        for (const auto& [name, level] : exceptions_) all.insert(name);
        for (const logger* l : loggers_) all.erase(std::string(l->name_));
        return {all.begin(), all.end()};
    }

    std::function<void(const log_line&)> sink;

 private:
    log_level level_for(std::string_view name) const {
        for (const auto& [exception, level] : exceptions_)
            if (exception == name) return level;
        return general_;
    }

    log_level general_ = log_level::info;
    std::vector<std::pair<std::string, log_level>> exceptions_;
    std::vector<logger*> loggers_;
};

namespace {

using text_buffer = fmt::basic_memory_buffer<char, 1024>;

void append_time(text_buffer& out) {
    if (clock* virtual_time = origin_of_thread.virtual_time) {
        auto ns = virtual_time->now().time_since_epoch().count();
        fmt::format_to(std::back_inserter(out), "{}.{:06}", ns / 1'000'000'000, ns / 1'000 % 1'000'000);
        return;
    }
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    fmt::format_to(std::back_inserter(out), "{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(now.tv_sec),
                   now.tv_nsec / 1000);
}

// One line is one line, whatever a peer managed to put into a message.
void blank_control_characters(char* begin, char* end) {
    std::replace_if(
        begin, end, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, ' ');
}

void write_to_stderr(std::string_view text) {
    // One write per line, so that lines of several shards do not mix. Nobody can be told if it fails.
    [[maybe_unused]] auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

logger::logger(std::string_view name) : name_(name), level_(log_level::info) {
    log_registry::instance().add(*this);
}

logger::~logger() {
    log_registry::instance().remove(*this);
}

void logger::emit(log_level level, fmt::string_view format, fmt::format_args args) noexcept try {
    int shard = origin_of_thread.shard;
    text_buffer text;
    append_time(text);
    fmt::format_to(std::back_inserter(text), " {:<5} ", name_of(level));
    if (shard >= 0)
        fmt::format_to(std::back_inserter(text), "{} {}: ", shard, name_);
    else
        fmt::format_to(std::back_inserter(text), "- {}: ", name_);
    size_t start = text.size();
    fmt::vformat_to(std::back_inserter(text), format, args);
    size_t end = text.size();
    blank_control_characters(text.data() + start, text.data() + end);
    text.push_back('\n');
    std::string_view whole(text.data(), text.size());
    if (const auto& sink = log_registry::instance().sink)
        sink({level, name_, shard, whole.substr(start, end - start), whole});
    else
        write_to_stderr(whole);
} catch (...) {
    write_to_stderr("a log message could not be formatted\n");
}

void set_log_levels(std::string_view spec) {
    log_level general = log_level::info;
    std::vector<std::pair<std::string, log_level>> exceptions;
    while (!spec.empty()) {
        std::string_view part = spec.substr(0, spec.find(','));
        spec.remove_prefix(std::min(spec.size(), part.size() + 1));
        auto equals = part.find('=');
        if (equals == std::string_view::npos)
            general = level_named(part);
        else if (equals == 0)
            throw std::invalid_argument(fmt::format("'{}' names no logger before '='", part));
        else
            exceptions.emplace_back(part.substr(0, equals), level_named(part.substr(equals + 1)));
    }
    log_registry::instance().set_levels(general, std::move(exceptions));
}

std::vector<std::string> logger_names() {
    return log_registry::instance().names();
}

std::vector<std::string> missing_loggers() {
    return log_registry::instance().missing();
}

void set_log_sink(std::function<void(const log_line&)> sink) {
    log_registry::instance().sink = std::move(sink);
}

log_origin set_log_origin(log_origin origin) noexcept {
    return std::exchange(origin_of_thread, origin);
}

}  // namespace millrace
