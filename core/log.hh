// Leveled log lines from named loggers: "time level shard logger: message" to stderr, or to a sink.
#pragma once

#include "core/time.hh"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

enum class log_level : uint8_t { error, warn, info, debug, trace };

std::string_view name_of(log_level level) noexcept;

// One per part of the program, as a static object: `logger log("tcp");`. A message that is not wanted costs
// one comparison; its arguments are not formatted.
class logger {
 public:
    // `name` must be a literal or live as long as the logger.
    explicit logger(std::string_view name);
    logger(const logger&) = delete;
    logger& operator=(const logger&) = delete;
    ~logger();

    std::string_view name() const noexcept { return name_; }
    log_level level() const noexcept { return level_; }
    bool enabled(log_level level) const noexcept { return level <= level_; }

    template <typename... A>
    void error(fmt::format_string<A...> format, A&&... args) noexcept {
        write(log_level::error, format, fmt::make_format_args(args...));
    }
    template <typename... A>
    void warn(fmt::format_string<A...> format, A&&... args) noexcept {
        write(log_level::warn, format, fmt::make_format_args(args...));
    }
    template <typename... A>
    void info(fmt::format_string<A...> format, A&&... args) noexcept {
        write(log_level::info, format, fmt::make_format_args(args...));
    }
    template <typename... A>
    void debug(fmt::format_string<A...> format, A&&... args) noexcept {
        write(log_level::debug, format, fmt::make_format_args(args...));
    }
    template <typename... A>
    void trace(fmt::format_string<A...> format, A&&... args) noexcept {
        write(log_level::trace, format, fmt::make_format_args(args...));
    }
    // The same with the level as a value.
    template <typename... A>
    void at(log_level level, fmt::format_string<A...> format, A&&... args) noexcept {
        write(level, format, fmt::make_format_args(args...));
    }

 private:
    friend class log_registry;
    void write(log_level level, fmt::string_view format, fmt::format_args args) noexcept {
        if (enabled(level)) emit(level, format, args);
    }
    void emit(log_level level, fmt::string_view format, fmt::format_args args) noexcept;

    std::string_view name_;
    log_level level_;
};

// Sets the levels of all loggers, present and to come, from "LEVEL,NAME=LEVEL,...": the level of all, then
// exceptions by logger, either part optional. Levels are read by all shards without a lock: set them before
// shards start. Throws std::invalid_argument with a sentence, and changes nothing, if the text is wrong.
void set_log_levels(std::string_view spec);
// The loggers that there are, and those asked for that there are not, as yet: by name, each once.
std::vector<std::string> logger_names();
std::vector<std::string> missing_loggers();

// What a sink is given. The views live for the call.
struct log_line {
    log_level level;
    std::string_view logger;
    int shard;  // -1: outside of any
    std::string_view message;
    std::string_view text;  // the whole line, with its newline
};

// Sends lines elsewhere until the next call; an empty function restores stderr. Any thread may call the sink.
// Set it while no other thread logs.
void set_log_sink(std::function<void(const log_line&)> sink);

// Who logs on this thread. Reactors set it around their turns.
struct log_origin {
    int shard = -1;
    clock* virtual_time = nullptr;  // stamps lines with a simulation's clock; null: the time of day
};
// Returns the origin that was set before.
log_origin set_log_origin(log_origin origin) noexcept;

}  // namespace millrace
