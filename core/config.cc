#include "core/config.hh"

#include "core/check.hh"
#include "core/options/reader.hh"

#include <algorithm>

namespace millrace {

namespace {

constexpr std::string_view yes_words[] = {"true", "yes", "on"};
constexpr std::string_view no_words[] = {"false", "no", "off"};

bool parse_switch(std::string_view text) {
    if (std::find(std::begin(yes_words), std::end(yes_words), text) != std::end(yes_words)) return true;
    if (std::find(std::begin(no_words), std::end(no_words), text) != std::end(no_words)) return false;
    throw std::invalid_argument(fmt::format("'{}' is neither true nor false", text));
}

std::string show_switch(const bool& v) {
    return v ? "true" : "false";
}
std::string show_text(const std::string& v) {
    return v;
}
std::string show_list(const std::vector<std::string>& v) {
    return fmt::format("{}", fmt::join(v, ", "));
}
std::string show_time(const duration& v) {
    return format_duration(v);
}
std::string show_bytes(const uint64_t& v) {
    return format_bytes(v);
}
std::string show_rate(const uint64_t& v) {
    return format_rate(v);
}

}  // namespace

std::string config_setting::flag() const {
    std::string name = "--" + key;
    std::replace(name.begin(), name.end(), '.', '-');
    return name;
}

template <>
setting_builder<std::string>& setting_builder<std::string>::one_of(
    std::initializer_list<std::string_view> words) {
    std::vector<std::string> allowed(words.begin(), words.end());
    setting_.placeholder = fmt::format("{}", fmt::join(allowed, "|"));
    return check([allowed = std::move(allowed)](const std::string& v) {
        if (std::find(allowed.begin(), allowed.end(), v) == allowed.end())
            throw std::invalid_argument(fmt::format("'{}' is none of {}", v, fmt::join(allowed, ", ")));
    });
}

config_setting& config_schema::add(std::string_view key, std::string_view help, std::string_view placeholder,
                                   std::string default_text) {
    CHECK(find(key) == nullptr);
    config_setting& s = settings_.emplace_back();
    s.key = key;
    s.help = help;
    s.placeholder = placeholder;
    s.section = section_;
    s.default_text = std::move(default_text);
    return s;
}

setting_builder<bool> config_schema::toggle(std::string_view key, bool& value, std::string_view help) {
    config_setting& s = add(key, help, "", show_switch(value));
    s.is_switch = true;
    s.assign = [&value](std::string_view given) { value = parse_switch(given); };
    return {s, value, show_switch};
}

setting_builder<std::string> config_schema::text(std::string_view key, std::string& value,
                                                 std::string_view help) {
    config_setting& s = add(key, help, "TEXT", value);
    s.assign = [&value](std::string_view given) { value = given; };
    return {s, value, show_text};
}

setting_builder<std::vector<std::string>> config_schema::list(std::string_view key,
                                                              std::vector<std::string>& value,
                                                              std::string_view help) {
    config_setting& s = add(key, help, "TEXT", show_list(value));
    s.is_list = true;
    s.assign = [&value](std::string_view given) { value.emplace_back(given); };
    s.clear = [&value] { value.clear(); };
    return {s, value, show_list};
}

setting_builder<duration> config_schema::time(std::string_view key, duration& value, std::string_view help) {
    config_setting& s = add(key, help, "TIME", show_time(value));
    s.assign = [&value](std::string_view given) { value = parse_duration(given); };
    return {s, value, show_time};
}

setting_builder<uint64_t> config_schema::bytes(std::string_view key, uint64_t& value, std::string_view help) {
    config_setting& s = add(key, help, "SIZE", show_bytes(value));
    s.assign = [&value](std::string_view given) { value = parse_bytes(given); };
    return {s, value, show_bytes};
}

setting_builder<uint64_t> config_schema::rate(std::string_view key, uint64_t& value, std::string_view help) {
    config_setting& s = add(key, help, "RATE", show_rate(value));
    s.assign = [&value](std::string_view given) { value = parse_rate(given); };
    return {s, value, show_rate};
}

config_setting* config_schema::find(std::string_view key) noexcept {
    auto found = std::find_if(settings_.begin(), settings_.end(), [&](auto& s) { return s.key == key; });
    return found == settings_.end() ? nullptr : &*found;
}

const config_setting& config_schema::setting_of(std::string_view key) const {
    const config_setting* s = const_cast<config_schema*>(this)->find(key);
    CHECK(s != nullptr);
    return *s;
}

config_outcome config_schema::parse(int argc, const char* const* argv) {
    config_reader reader(*this);
    config_outcome outcome = reader.read_command_line({argv + 1, argv + std::max(argc, 1)});
    if (outcome != config_outcome::run) return outcome;
    reader.assign_all();
    for (const auto& test : rules_) test();
    return outcome;
}

std::string config_schema::at(std::string_view key) const {
    const config_setting& s = setting_of(key);
    if (s.origin.empty() || s.origin == s.flag()) return s.flag();
    return fmt::format("{}: {}", s.origin, s.key);
}

std::string config_schema::help_text() const {
    std::string out = fmt::format("{}: {}\n\nusage: {}", program_, purpose_, program_);
    size_t width = std::string_view("--set KEY=VALUE").size();
    std::vector<std::string> names;
    for (const auto& s : settings_) {
        if (s.is_positional) out += fmt::format(" [{}]", s.placeholder);
        names.push_back(s.placeholder.empty() ? s.flag() : s.flag() + " " + s.placeholder);
        width = std::max(width, std::min<size_t>(names.back().size(), 32));
    }
    out += " [flags]\n";
    std::string_view section;
    for (size_t i = 0; i < settings_.size(); ++i) {
        const auto& s = settings_[i];
        if (s.section != section) out += fmt::format("\n{}:\n", s.section);
        section = s.section;
        out += fmt::format("  {:<{}}  {}", names[i], width, s.help);
        if (s.is_list) out += " (repeatable)";
        bool off = s.is_switch && s.default_text == "false";
        if (!off && !s.default_text.empty()) out += fmt::format(" [{}]", s.default_text);
        out += '\n';
    }
    out += "\nEvery program:\n";
    auto line = [&](std::string_view name, std::string_view help) {
        out += fmt::format("  {:<{}}  {}\n", name, width, help);
    };
    line("--config FILE", "YAML file of settings: the names above are its keys, those with a section nested");
    line("--set KEY=VALUE", "one setting by its key, over the file's; its flag wins over both");
    line("--help", "this text");
    line("--version", "the version");
    return out;
}

}  // namespace millrace
