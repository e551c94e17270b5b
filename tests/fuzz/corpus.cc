#include "tests/fuzz/corpus.hh"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace millrace::fuzz {

std::vector<std::string> read_corpus(std::string_view target) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(MILLRACE_SOURCE_DIR) / "tests/fuzz/corpus" / target;
    std::vector<fs::path> files;
    if (fs::exists(folder))
        for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<std::string> inputs;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return inputs;
}

}  // namespace millrace::fuzz
