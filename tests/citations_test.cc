// Every section of an RFC that the code of tcp/ cites is cited by a test, too: what is said to be done is
// proven. doc/tcp.md is the table of them.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

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

// "4", "4.2.1", "A.9": what begins at `at`, without a full stop at its end; `at` goes behind it.
std::string number_at(const std::string& text, size_t& at) {
    const size_t begin = at;
    if (at < text.size() && text[at] >= 'A' && text[at] <= 'Z') ++at;
    while (at < text.size() && (std::isdigit(uint8_t(text[at])) || text[at] == '.')) ++at;
    std::string number = text.substr(begin, at - begin);
    while (number.ends_with('.')) number.pop_back();
    return number;
}

// A section belongs to the document that was named last before it: "RFC 9293 §3.8.6 (and §3.8.6.1)" are two,
// "RFC 9293 §3.8.6", ...; one that stands before all names is "§3.8.6" alone.
std::set<std::string> citations_in(const std::string& text) {
    constexpr std::string_view rfc = "RFC ", draft = "draft-ietf-ccwg-bbr", sign = "§";
    std::set<std::string> found;
    std::string document;
    for (size_t at = 0; at < text.size();) {
        if (text.compare(at, rfc.size(), rfc) == 0) {
            at += rfc.size();
            if (const std::string number = number_at(text, at); !number.empty())
                document = "RFC " + number + " ";
        } else if (text.compare(at, draft.size(), draft) == 0) {
            at += draft.size();
            document = std::string(draft) + " ";
        } else if (text.compare(at, sign.size(), sign) == 0) {
            at += sign.size();
            found.insert(document + "§" + number_at(text, at));
        } else {
            ++at;
        }
    }
    return found;
}

// In files whose names end so.
std::map<std::string, std::set<std::string>> citations_below(const char* folder,
                                                             const std::set<std::string>& endings) {
    const fs::path root = MILLRACE_SOURCE_DIR;
    std::map<std::string, std::set<std::string>> where;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        const std::string name = entry.path().filename();
        if (std::none_of(endings.begin(), endings.end(),
                         [&](const std::string& e) { return name.ends_with(e); }))
            continue;
        if (entry.path().filename() == fs::path(__FILE__).filename())
            continue;  // what it cites proves nothing
        for (const std::string& c : citations_in(text_of(entry.path())))
            where[c].insert(fs::relative(entry.path(), root).generic_string());
    }
    return where;
}

std::map<std::string, std::set<std::string>> in_the_code() {
    return citations_below("tcp", {".cc", ".hh"});
}
// What the helpers of tests cite proves nothing.
std::map<std::string, std::set<std::string>> in_tests() {
    return citations_below("tests", {"_test.cc"});
}

// A test that cites a part of a section proves it as far as it goes.
bool is_cited(const std::string& section, const std::map<std::string, std::set<std::string>>& tests) {
    const auto i = tests.lower_bound(section);
    if (i == tests.end()) return false;
    return i->first == section || tests.lower_bound(section + ".") != tests.lower_bound(section + "/");
}

// A row of the table of doc/tcp.md: "RFC 9293 §3.8", and the files that are said to do and to prove it.
struct row {
    std::string section;
    std::vector<std::string> code, tests;
};

std::vector<std::string> split(const std::string& text, const std::string& between) {
    std::vector<std::string> parts;
    size_t begin = 0;
    for (size_t end; (end = text.find(between, begin)) != std::string::npos; begin = end + between.size())
        parts.push_back(text.substr(begin, end - begin));
    parts.push_back(text.substr(begin));
    return parts;
}

// "a.cc<br>b.hh<br>and 2 more"; what is no file is left out.
std::vector<std::string> files_of(const std::string& cell, const std::string& folder) {
    std::vector<std::string> files;
    for (const std::string& part : split(cell, "<br>"))
        if (part.ends_with(".cc") || part.ends_with(".hh")) files.push_back(folder + part);
    return files;
}

std::vector<row> rows_of_the_document() {
    std::ifstream in(fs::path(MILLRACE_SOURCE_DIR) / "doc" / "tcp.md");
    std::vector<row> rows;
    bool begun = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("| RFC | code | test |")) begun = true;
        const auto cells = split(line, " | ");
        if (!begun || cells.size() < 4 || cells[0].find("§") == std::string::npos) continue;
        const std::string name = cells[0].substr(2);
        const bool drafted = name.starts_with("bbr ");
        rows.push_back({.section = drafted ? "draft-ietf-ccwg-" + name : "RFC " + name,
                        .code = files_of(cells[1], ""),
                        .tests = files_of(cells[2], "tests/")});
    }
    return rows;
}

// The file cites the section or a part of it.
bool cites(const std::map<std::string, std::set<std::string>>& where, const std::string& section,
           const std::string& file) {
    return std::any_of(where.begin(), where.end(), [&](const auto& w) {
        return (w.first == section || w.first.starts_with(section + ".")) && w.second.contains(file);
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(house)

BOOST_AUTO_TEST_CASE(citations_are_read_as_they_are_written) {
    const std::set<std::string> expected = {"RFC 5681 §4.1", "RFC 5681 §4.2", "RFC 9293 §3.8.6",
                                            "RFC 9293 §3.8.6.1"};
    BOOST_TEST((citations_in("as RFC 9293 §3.8.6 §3.8.6.1 and RFC 5681 §4.1, §4.2. RFC 3042") == expected));
    BOOST_TEST((citations_in("RFC 9293 (§3.8.6), its end, and §3.8.6.1; RFC 5681 (as §4.1,\n// §4.2).") ==
                expected));
    BOOST_TEST(
        (citations_in("RFC 9768 §A.2.1. §A") == std::set<std::string>{"RFC 9768 §A.2.1", "RFC 9768 §A"}));
    BOOST_TEST((citations_in("§3") == std::set<std::string>{"§3"}));  // of no document: none proves it
    const std::set<std::string> drafted = {"draft-ietf-ccwg-bbr §5.3", "draft-ietf-ccwg-bbr §5.6.2"};
    BOOST_TEST((citations_in("draft-ietf-ccwg-bbr §5.3, §5.6.2, draft-ietf-ccwg-bbr") == drafted));
    BOOST_TEST(is_cited("RFC 1 §2", {{"RFC 1 §2.1", {}}}));
    BOOST_TEST(!is_cited("RFC 1 §2", {{"RFC 1 §20", {}}}));
    BOOST_TEST(!is_cited("RFC 1 §2.1", {{"RFC 1 §2", {}}}));
}

BOOST_AUTO_TEST_CASE(every_section_cited_in_the_code_is_cited_by_a_test) {
    const auto code = in_the_code(), tests = in_tests();
    BOOST_TEST(code.size() > 100u);
    for (const auto& [section, files] : code)
        if (!excused.contains(section))
            BOOST_TEST(is_cited(section, tests), *files.begin()
                                                     << " cites " << section << ", and no test does");
}

BOOST_AUTO_TEST_CASE(the_table_of_sections_says_what_the_code_does) {
    const auto code = in_the_code(), tests = in_tests();
    const auto rows = rows_of_the_document();
    BOOST_TEST(rows.size() > 100u);
    for (const row& r : rows) {
        for (const std::string& file : r.code)
            BOOST_TEST(cites(code, r.section, file), r.section << " is not in " << file);
        for (const std::string& file : r.tests)
            BOOST_TEST(cites(tests, r.section, file), r.section << " is not in " << file);
    }
    // A section may be told of with the one that it is a part of.
    for (const auto& [section, files] : code)
        BOOST_TEST(std::any_of(rows.begin(), rows.end(),
                               [&](const row& r) {
                                   return section == r.section || section.starts_with(r.section + ".");
                               }),
                   *files.begin() << " cites " << section << ", and doc/tcp.md has no row of it");
}

BOOST_AUTO_TEST_CASE(what_is_excused_is_still_cited_and_still_unproven) {
    const auto code = in_the_code(), tests = in_tests();
    for (const auto& [section, why] : excused)
        BOOST_TEST((code.contains(section) && !is_cited(section, tests)),
                   section << " needs no excuse: " << why);
}

BOOST_AUTO_TEST_SUITE_END()
