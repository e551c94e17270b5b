// scanner: goes through the text of a packet script, past blanks and comments, and counts lines.
#pragma once

#include "tests/packet_script/script.hh"

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::packet_script {

class scanner {
 public:
    explicit scanner(std::string_view text) noexcept : text_(text) {}

    unsigned line() const noexcept { return line_; }
    // Behind blanks and comments there is nothing more.
    bool at_end();
    // The next characters, without taking them. Blanks and comments before them are skipped.
    bool sees(std::string_view what);
    char next();
    // Takes them if they are next.
    bool takes(std::string_view what);
    // Takes a word if it is next and no longer one.
    bool takes_word(std::string_view what);
    // They must be next.
    void expect(std::string_view what);

    // A word of letters, digits and underscores; empty if none is next.
    std::string word();
    bool sees_number();
    // Decimal or 0x...; with a sign.
    int64_t number();
    // Seconds with a fraction.
    duration seconds();
    // Up to `end`, which is taken too.
    std::string up_to(std::string_view end);
    // Up to the end of the line.
    std::string rest_of_line();
    std::string quoted();

    [[noreturn]] void fail(const std::string& what) const;
    [[noreturn]] void lacks(const std::string& what) const;

 private:
    void skip();
    std::string_view rest() const noexcept { return text_.substr(at_); }
    void advance(size_t n) noexcept;

    std::string_view text_;
    size_t at_ = 0;
    unsigned line_ = 1;
};

}  // namespace millrace::packet_script
