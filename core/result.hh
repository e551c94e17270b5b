// A value or the reason why there is none; for refusals inside net and tcp, which do not throw.
#pragma once

#include "core/check.hh"

#include <system_error>
#include <utility>
#include <variant>

namespace millrace {

template <typename T>
class [[nodiscard]] result {
 public:
    result(T value) noexcept : state_(std::in_place_index<0>, std::move(value)) {}
    result(std::error_code error) noexcept : state_(std::in_place_index<1>, error) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    // The value; a bug of the caller if there is none.
    T& value() & noexcept {
        CHECK(has_value());
        return *std::get_if<0>(&state_);
    }
    const T& value() const& noexcept {
        CHECK(has_value());
        return *std::get_if<0>(&state_);
    }
    T&& value() && noexcept {
        CHECK(has_value());
        return std::move(*std::get_if<0>(&state_));
    }
    T& operator*() & noexcept { return value(); }
    const T& operator*() const& noexcept { return value(); }
    T&& operator*() && noexcept { return std::move(*this).value(); }
    T* operator->() noexcept { return &value(); }
    const T* operator->() const noexcept { return &value(); }

    // The error; no error when there is a value.
    std::error_code error() const noexcept {
        const auto* e = std::get_if<1>(&state_);
        return e ? *e : std::error_code();
    }

    // The value, or std::system_error: the way from here into an application's future.
    T value_or_throw() && {
        if (!has_value()) throw std::system_error(error());
        return std::move(*this).value();
    }

 private:
    std::variant<T, std::error_code> state_;
};

}  // namespace millrace
