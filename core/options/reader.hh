// Collects what files, --set and flags say of a schema's settings, then stores it.
#pragma once

#include "core/config.hh"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// Where a value was written; the greater wins.
enum class config_source : uint8_t { file, set, flag };

class config_reader {
 public:
    explicit config_reader(config_schema& schema) : schema_(schema) {}

    // Reads arguments, and the file that they name. Throws config_error.
    config_outcome read_command_line(std::span<const char* const> arguments);

    // `text` was given for `key` at `where`. Throws config_error if there is no such key or it was given so
    // before.
    void give(std::string_view key, std::string_view text, config_source source, std::string where);
    // The same for all elements of a list.
    void give_list(std::string_view key, std::vector<std::string> texts, config_source source,
                   std::string where);
    // A key's first part, that others are nested in: "tcp".
    bool is_section(std::string_view key) const;

    // Stores the values that win, in the order of the schema, and checks them.
    void assign_all();

 private:
    struct given {
        config_source source;
        std::string where;
        std::vector<std::string> texts;
    };
    config_setting& known(std::string_view key, config_source source, std::string_view where);
    void read_argument(std::span<const char* const>& rest);
    void read_positional(std::string_view text);
    [[noreturn]] void refuse_unknown(std::string_view key, config_source source,
                                     std::string_view where) const;

    config_schema& schema_;
    std::map<const config_setting*, given> given_;
    std::string file_;
};

}  // namespace millrace
