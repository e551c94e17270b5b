// Settings declared once in code give flags, YAML keys, --help and validation:
//
//   uint16_t port = 6379;                                  // the variable holds the default, then the value
//   config_schema schema("millrace-kv", "a key-value server");
//   schema.number("listen", port, "port to serve on").range(1, 65535).placeholder("PORT");
//   schema.time("tcp.rto-min", rto_min, "shortest retransmission timeout");   // YAML: tcp: {rto-min: 1ms}
//   if (auto code = start_program(schema, argc, argv)) return *code;          // core/app.hh
#pragma once

#include "core/time.hh"
#include "core/units.hh"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// What the user gave cannot be used: one sentence that says what, where, and what would be right. Exit
// code 2.
class config_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

// One setting of a program: how its text becomes its value. Made by config_schema.
struct config_setting {
    std::string key;          // "tcp.rto-min": the YAML path; the flag is --tcp-rto-min
    std::string help;         // one line
    std::string placeholder;  // what --help shows for the value; empty for switches
    std::string section;
    std::string default_text;  // the value at declaration, as --help shows it
    bool is_switch = false;    // its flag goes without a value
    bool is_list = false;      // its flag may be repeated; in YAML a list, or one value
    bool is_positional = false;
    std::function<void(std::string_view)> assign;  // parses and stores; throws std::invalid_argument
    std::function<void()> clear;                   // empties a list before its first element is assigned
    std::vector<std::function<void()>> checks;     // of the stored value; throw std::invalid_argument
    std::string origin;  // where the value comes from: "kv.yaml:12", "--listen"; empty: the default

    std::string flag() const;
};

// Declares limits of a setting just added: `schema.number("shards", shards, "...").range(1, 256)`.
template <typename T>
class setting_builder {
 public:
    setting_builder(config_setting& setting, T& value, std::string (*show)(const T&))
        : setting_(setting), value_(value), show_(show) {}

    // Both ends are allowed.
    setting_builder& range(T lowest, T highest) {
        return check([lowest, highest, show = show_](const T& v) {
            if (v < lowest || highest < v)
                throw std::invalid_argument(
                    fmt::format("{} is out of range: from {} to {}", show(v), show(lowest), show(highest)));
        });
    }
    // `test` throws std::invalid_argument with the reason if it does not like the value.
    template <typename Test>
    setting_builder& check(Test test) {
        setting_.checks.push_back([&value = value_, test = std::move(test)] { test(value); });
        return *this;
    }
    setting_builder& placeholder(std::string_view name) {
        setting_.placeholder = name;
        return *this;
    }
    // An argument that is no flag sets it: `millrace-perf client`.
    setting_builder& positional() {
        setting_.is_positional = true;
        return *this;
    }
    // Only these words are allowed (texts).
    setting_builder& one_of(std::initializer_list<std::string_view> words);

 private:
    config_setting& setting_;
    T& value_;
    std::string (*show_)(const T&);
};

// What a command line asks for.
enum class config_outcome { run, help, version };

// The settings of a program. Each is bound to a variable, whose value at declaration is the default and which
// parse() overwrites: a file's values first, then those of --set, then flags. Variables must outlive the
// schema.
class config_schema {
 public:
    // `program` as typed, `purpose` as the first line of --help.
    config_schema(std::string_view program, std::string_view purpose)
        : program_(program), purpose_(purpose) {}
    config_schema(const config_schema&) = delete;
    config_schema& operator=(const config_schema&) = delete;

    // The heading in --help of what is added next.
    void section(std::string_view title) { section_ = title; }

    setting_builder<bool> toggle(std::string_view key, bool& value, std::string_view help);
    setting_builder<std::string> text(std::string_view key, std::string& value, std::string_view help);
    setting_builder<std::vector<std::string>> list(std::string_view key, std::vector<std::string>& value,
                                                   std::string_view help);
    template <std::unsigned_integral T>
    setting_builder<T> number(std::string_view key, T& value, std::string_view help);
    setting_builder<duration> time(std::string_view key, duration& value, std::string_view help);
    setting_builder<uint64_t> bytes(std::string_view key, uint64_t& value, std::string_view help);
    // In bits per second.
    setting_builder<uint64_t> rate(std::string_view key, uint64_t& value, std::string_view help);

    // A rule over several settings, asked after all are stored; it throws config_error. at() names the place.
    void rule(std::function<void()> test) { rules_.push_back(std::move(test)); }

    // Throws config_error. The variables may have changed even then.
    config_outcome parse(int argc, const char* const* argv);

    // Where the value of `key` comes from, to begin a message with: "kv.yaml:12: listen" or "--listen". For
    // its default: the flag that would change it.
    std::string at(std::string_view key) const;
    bool was_given(std::string_view key) const { return !setting_of(key).origin.empty(); }

    const std::deque<config_setting>& settings() const noexcept { return settings_; }
    const std::string& program() const noexcept { return program_; }
    std::string help_text() const;

 private:
    friend class config_reader;
    config_setting& add(std::string_view key, std::string_view help, std::string_view placeholder,
                        std::string default_text);
    const config_setting& setting_of(std::string_view key) const;
    config_setting* find(std::string_view key) noexcept;

    std::string program_;
    std::string purpose_;
    std::string section_ = "Settings";
    std::deque<config_setting> settings_;  // a deque: builders refer to elements while others are added
    std::vector<std::function<void()>> rules_;
};

template <std::unsigned_integral T>
setting_builder<T> config_schema::number(std::string_view key, T& value, std::string_view help) {
    config_setting& s = add(key, help, "N", std::to_string(value));
    s.assign = [&value](std::string_view given) {
        uint64_t n = parse_count(given);
        if (n != T(n)) throw std::invalid_argument(fmt::format("{} is too large a number", n));
        value = T(n);
    };
    return {s, value, [](const T& v) { return std::to_string(v); }};
}

template <>
setting_builder<std::string>& setting_builder<std::string>::one_of(
    std::initializer_list<std::string_view> words);

}  // namespace millrace
