#include "core/options/reader.hh"

#include "core/options/file.hh"
#include "core/options/nearest.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace millrace {

namespace {

// "--name=text" or "--name", "text": takes what it needs from the arguments.
struct flag_text {
    std::string name;                 // with its dashes
    std::optional<std::string> text;  // after '='
};

flag_text split_flag(std::string_view argument) {
    auto equals = argument.find('=');
    if (equals == std::string_view::npos) return {std::string(argument), std::nullopt};
    return {std::string(argument.substr(0, equals)), std::string(argument.substr(equals + 1))};
}

std::string take_value(const flag_text& flag, std::span<const char* const>& rest) {
    if (flag.text) return *flag.text;
    if (rest.empty() || std::string_view(rest.front()).starts_with("--"))
        throw config_error(fmt::format("{} needs a value", flag.name));
    std::string value = rest.front();
    rest = rest.subspan(1);
    return value;
}

}  // namespace

config_outcome config_reader::read_command_line(std::span<const char* const> arguments) {
    // Help is given even if what stands beside it is wrong.
    for (std::string_view a : arguments) {
        if (a == "--help" || a == "-h") return config_outcome::help;
        if (a == "--version") return config_outcome::version;
    }
    while (!arguments.empty()) read_argument(arguments);
    if (!file_.empty()) read_config_file(file_, *this);
    return config_outcome::run;
}

void config_reader::read_argument(std::span<const char* const>& rest) {
    std::string_view argument = rest.front();
    rest = rest.subspan(1);
    if (!argument.starts_with('-')) return read_positional(argument);
    flag_text flag = split_flag(argument);
    if (flag.name == "--config") {
        if (!file_.empty()) throw config_error("--config is given twice; there is one file");
        file_ = take_value(flag, rest);
        if (file_.empty()) throw config_error("--config needs the name of a file");
        return;
    }
    if (flag.name == "--set") {
        std::string pair = take_value(flag, rest);
        auto equals = pair.find('=');
        if (equals == std::string::npos)
            throw config_error(fmt::format("--set: '{}' is not KEY=VALUE, such as log=debug", pair));
        return give(pair.substr(0, equals), pair.substr(equals + 1), config_source::set, "--set");
    }
    auto& all = schema_.settings_;
    auto found = std::find_if(all.begin(), all.end(), [&](auto& s) { return s.flag() == flag.name; });
    if (found == all.end()) refuse_unknown(flag.name, config_source::flag, "");
    std::string value = found->is_switch ? flag.text.value_or("true") : take_value(flag, rest);
    give(found->key, value, config_source::flag, found->flag());
}

void config_reader::read_positional(std::string_view text) {
    for (auto& s : schema_.settings_)
        if (s.is_positional) return give(s.key, text, config_source::flag, s.flag());
    throw config_error(
        fmt::format("'{}' is no flag, and {} takes only flags; --help lists them", text, schema_.program_));
}

config_setting& config_reader::known(std::string_view key, config_source source, std::string_view where) {
    if (config_setting* s = schema_.find(key)) return *s;
    refuse_unknown(key, source, where);
}

void config_reader::refuse_unknown(std::string_view key, config_source source, std::string_view where) const {
    bool flag = source == config_source::flag;
    std::string_view dashes = flag ? "--" : "", typed = key;
    if (typed.starts_with(dashes)) typed.remove_prefix(dashes.size());
    std::vector<std::string> words;
    for (const auto& s : schema_.settings_) words.push_back(flag ? s.flag().substr(2) : s.key);
    if (flag) words.insert(words.end(), {"config", "set", "help", "version"});
    std::string meant = nearest_word(typed, words);
    std::string hint =
        meant.empty() ? "--help lists all" : fmt::format("did you mean '{}{}'?", dashes, meant);
    if (flag) throw config_error(fmt::format("there is no flag '{}': {}", key, hint));
    throw config_error(fmt::format("{}: there is no key '{}': {}", where, key, hint));
}

void config_reader::give(std::string_view key, std::string_view text, config_source source,
                         std::string where) {
    config_setting& s = known(key, source, where);
    auto [at, first] = given_.try_emplace(&s, given{source, where, {}});
    given& g = at->second;
    if (!first && g.source == source && !s.is_list)
        throw config_error(fmt::format("{}: '{}' is given twice, as '{}' and as '{}'; keep one of them",
                                       where, s.key, g.texts.front(), text));
    if (!first && g.source > source) return;
    if (g.source != source) g = {source, std::move(where), {}};
    g.texts.emplace_back(text);
}

void config_reader::give_list(std::string_view key, std::vector<std::string> texts, config_source source,
                              std::string where) {
    config_setting& s = known(key, source, where);
    if (!s.is_list) throw config_error(fmt::format("{}: '{}' takes one value, not a list", where, s.key));
    given& g = given_.try_emplace(&s, given{source, where, {}}).first->second;
    if (g.source > source) return;
    g = {source, std::move(where), std::move(texts)};
}

bool config_reader::is_section(std::string_view key) const {
    std::string prefix = std::string(key) + ".";
    return std::any_of(schema_.settings_.begin(), schema_.settings_.end(),
                       [&](const auto& s) { return s.key.starts_with(prefix); });
}

void config_reader::assign_all() {
    for (auto& s : schema_.settings_) {
        auto found = given_.find(&s);
        if (found == given_.end()) continue;
        const given& g = found->second;
        s.origin = g.where;
        std::string name = g.source == config_source::flag ? s.flag() : fmt::format("{}: {}", g.where, s.key);
        try {
            if (s.clear) s.clear();
            for (const auto& text : g.texts) s.assign(text);
            for (const auto& check : s.checks) check();
        } catch (const std::invalid_argument& e) {
            throw config_error(fmt::format("{}: {}", name, e.what()));
        }
    }
}

}  // namespace millrace
