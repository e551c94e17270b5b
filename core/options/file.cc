#include "core/options/file.hh"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

namespace millrace {

namespace {

constexpr size_t largest_file_bytes = 1 << 20;

std::string place(const std::string& path, const YAML::Mark& mark) {
    return mark.is_null() ? path : fmt::format("{}:{}", path, mark.line + 1);
}

// Walks the tree of one file.
class walker {
 public:
    walker(const std::string& path, config_reader& reader) : path_(path), reader_(reader) {}

    void read_section(const YAML::Node& map, const std::string& prefix) {
        std::set<std::string> seen;
        for (const auto& entry : map) {
            if (!entry.first.IsScalar())
                throw config_error(fmt::format("{}: a key must be a word", at(entry.first)));
            std::string key = prefix + entry.first.Scalar();
            if (!seen.insert(key).second)
                throw config_error(
                    fmt::format("{}: '{}' is there twice; keep one of them", at(entry.first), key));
            read_value(key, entry.first, entry.second);
        }
    }

 private:
    std::string at(const YAML::Node& node) const { return place(path_, node.Mark()); }

    void read_value(const std::string& key, const YAML::Node& name, const YAML::Node& value) {
        bool section = reader_.is_section(key);
        if (section && value.IsMap()) return read_section(value, key + ".");
        if (section && value.IsNull()) return;
        if (section)
            throw config_error(
                fmt::format("{}: '{}' is a section: its keys go below it, indented", at(name), key));
        if (value.IsSequence()) return read_list(key, name, value);
        if (!value.IsScalar()) {
            reader_.give(key, "", config_source::file, at(name));  // an unknown key is the better complaint
            throw config_error(fmt::format("{}: '{}' {}", at(name), key,
                                           value.IsMap() ? "takes a value, not a section" : "has no value"));
        }
        reader_.give(key, value.Scalar(), config_source::file, at(name));
    }

    void read_list(const std::string& key, const YAML::Node& name, const YAML::Node& list) {
        std::vector<std::string> texts;
        for (const auto& element : list) {
            if (!element.IsScalar())
                throw config_error(
                    fmt::format("{}: each element of '{}' must be one value", at(element), key));
            texts.push_back(element.Scalar());
        }
        reader_.give_list(key, std::move(texts), config_source::file, at(name));
    }

    const std::string& path_;
    config_reader& reader_;
};

}  // namespace

void read_config_file(const std::string& path, config_reader& reader) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw config_error(fmt::format("--config: cannot open '{}': {}", path, std::strerror(errno)));
    std::string text(largest_file_bytes + 1, '\0');
    in.read(text.data(), std::streamsize(text.size()));
    if (in.bad()) throw config_error(fmt::format("--config: '{}' is no readable file", path));
    text.resize(size_t(in.gcount()));
    if (text.size() > largest_file_bytes)
        throw config_error(fmt::format("--config: '{}' is larger than {}, which no settings file is", path,
                                       format_bytes(largest_file_bytes)));
    read_config_text(path, text, reader);
}

void read_config_text(const std::string& path, const std::string& text, config_reader& reader) {
    try {
        YAML::Node root = YAML::Load(text);
        if (root.IsNull()) return;
        if (!root.IsMap())
            throw config_error(
                fmt::format("{}: settings are written as 'key: value'", place(path, root.Mark())));
        walker(path, reader).read_section(root, "");
    } catch (const YAML::Exception& e) {
        throw config_error(fmt::format("{}: this is no YAML: {}", place(path, e.mark), e.msg));
    }
}

}  // namespace millrace
