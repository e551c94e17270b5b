// Every section of an RFC that the code of tcp/ cites is cited by a test, too: what is said to be done is
// proven. doc/tcp.md is the table of them.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;

// Cited in the code, and proven by no one test.
const std::map<std::string, std::string> excused = {
    {"RFC 7323 §7.1",
     "that an offset is random is no behaviour; that it is used, all of two_ends_test shows"},
    {"RFC 9293 §3.10.6", "STATUS is connection_info, by which most conversations see what they prove"},
};

// Comments that are broken into lines become one line.
std::string text_of(const fs::path& path) {
    std::ifstream in(path);
    std::string text;
    for (std::string line; std::getline(in, line);) {
        const auto start = line.find_first_not_of(" \t");
        const bool comment = start != std::string::npos && line.compare(start, 2, "//") == 0;
        if (comment && line.find_first_not_of(" \t", start + 2) != std::string::npos)
            text += " " + line.substr(line.find_first_not_of(" \t", start + 2));
        else
            text += "\n" + line;
    }
    return text;
}

// "4", "4.2.1": what begins at `at`, without a full stop at its end; `at` goes behind it.
std::string number_at(const std::string& text, size_t& at) {
    const size_t begin = at;
    while (at < text.size() && (std::isdigit(uint8_t(text[at])) || text[at] == '.')) ++at;
    std::string number = text.substr(begin, at - begin);
    while (number.ends_with('.')) number.pop_back();
    return number;
}

// The sections of `document` that are named from `at` on.
void add_sections(const std::string& text, size_t at, const std::string& document,
                  std::set<std::string>& found) {
    constexpr std::string_view sign = "§";
    for (;;) {
        for (std::string_view between : {",", " and", " to", " "})
            if (text.compare(at, between.size(), between) == 0) at += between.size();
        if (text.compare(at, sign.size(), sign) != 0) return;
        at += sign.size();
        found.insert(document + " §" + number_at(text, at));
    }
}

// "RFC 9293 §3.8.6 §3.8.6.1" or "RFC 5681 §4.1, §4.2" are two each: "RFC 9293 §3.8.6", ...; and the draft
// that is obeyed likewise.
std::set<std::string> citations_in(const std::string& text) {
    constexpr std::string_view draft = "draft-ietf-ccwg-bbr";
    std::set<std::string> found;
    for (size_t at = 0; (at = text.find("RFC ", at)) != std::string::npos;) {
        at += 4;
        const std::string rfc = number_at(text, at);
        add_sections(text, at, "RFC " + rfc, found);
    }
    for (size_t at = 0; (at = text.find(draft, at)) != std::string::npos;) {
        at += draft.size();
        add_sections(text, at, std::string(draft), found);
    }
    return found;
}

std::map<std::string, std::set<std::string>> citations_below(const char* folder) {
    const fs::path root = MILLRACE_SOURCE_DIR;
    std::map<std::string, std::set<std::string>> where;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        const auto extension = entry.path().extension();
        if (extension != ".cc" && extension != ".hh") continue;
        if (entry.path().filename() == fs::path(__FILE__).filename())
            continue;  // what it cites proves nothing
        for (const std::string& c : citations_in(text_of(entry.path())))
            where[c].insert(fs::relative(entry.path(), root).generic_string());
    }
    return where;
}

// A test that cites a part of a section proves it as far as it goes.
bool is_cited(const std::string& section, const std::map<std::string, std::set<std::string>>& tests) {
    const auto i = tests.lower_bound(section);
    if (i == tests.end()) return false;
    return i->first == section || tests.lower_bound(section + ".") != tests.lower_bound(section + "/");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(house)

BOOST_AUTO_TEST_CASE(citations_are_read_as_they_are_written) {
    const std::set<std::string> expected = {"RFC 5681 §4.1", "RFC 5681 §4.2", "RFC 9293 §3.8.6",
                                            "RFC 9293 §3.8.6.1"};
    BOOST_TEST((citations_in("as RFC 9293 §3.8.6 §3.8.6.1 and RFC 5681 §4.1, §4.2. RFC 3042") == expected));
    const std::set<std::string> drafted = {"draft-ietf-ccwg-bbr §5.3", "draft-ietf-ccwg-bbr §5.6.2"};
    BOOST_TEST((citations_in("draft-ietf-ccwg-bbr §5.3, §5.6.2, draft-ietf-ccwg-bbr") == drafted));
    BOOST_TEST(is_cited("RFC 1 §2", {{"RFC 1 §2.1", {}}}));
    BOOST_TEST(!is_cited("RFC 1 §2", {{"RFC 1 §20", {}}}));
    BOOST_TEST(!is_cited("RFC 1 §2.1", {{"RFC 1 §2", {}}}));
}

BOOST_AUTO_TEST_CASE(every_section_cited_in_the_code_is_cited_by_a_test) {
    const auto code = citations_below("tcp"), tests = citations_below("tests");
    BOOST_TEST(code.size() > 100u);
    for (const auto& [section, files] : code)
        if (!excused.contains(section))
            BOOST_TEST(is_cited(section, tests), *files.begin()
                                                     << " cites " << section << ", and no test does");
}

BOOST_AUTO_TEST_CASE(what_is_excused_is_still_cited_and_still_unproven) {
    const auto code = citations_below("tcp"), tests = citations_below("tests");
    for (const auto& [section, why] : excused)
        BOOST_TEST((code.contains(section) && !is_cited(section, tests)),
                   section << " needs no excuse: " << why);
}

BOOST_AUTO_TEST_SUITE_END()
