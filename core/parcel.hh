// parcel: a function on its way to another shard, in a place of fixed size.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace millrace {

class parcel {
 public:
    // Functions up to this size travel without an allocation; larger ones in a box that is made here and
    // freed there.
    static constexpr size_t room = 184;

    parcel() noexcept = default;
    parcel(parcel&& other) noexcept { take(other); }
    parcel& operator=(parcel&& other) noexcept {
        if (this != &other) {
            clear();
            take(other);
        }
        return *this;
    }
    ~parcel() { clear(); }

    bool empty() const noexcept { return act_ == nullptr; }

    // Fills an empty parcel.
    template <typename Function>
    void fill(Function&& f) {
        using F = std::remove_cvref_t<Function>;
        if constexpr (sizeof(F) <= room && alignof(F) <= alignof(void*) &&
                      std::is_nothrow_move_constructible_v<F>) {
            ::new (static_cast<void*>(bytes_)) F(std::forward<Function>(f));
            act_ = &act<F>;
        } else {
            fill([boxed = std::make_unique<F>(std::forward<Function>(f))]() mutable noexcept { (*boxed)(); });
        }
    }

    // Calls the function and destroys it. An exception out of it ends the process.
    void open() noexcept {
        if (act_) std::exchange(act_, nullptr)(action::run, bytes_, nullptr);
    }

 private:
    enum class action : unsigned char { run, move, destroy };
    using act_function = void (*)(action, void* self, void* to) noexcept;

    template <typename F>
    static void act(action a, void* self, void* to) noexcept {
        F& f = *std::launder(static_cast<F*>(self));
        if (a == action::run) f();
        if (a == action::move) ::new (to) F(std::move(f));
        f.~F();
    }

    void take(parcel& other) noexcept {
        act_ = std::exchange(other.act_, nullptr);
        if (act_) act_(action::move, other.bytes_, bytes_);
    }
    void clear() noexcept {
        if (act_) std::exchange(act_, nullptr)(action::destroy, bytes_, nullptr);
    }

    act_function act_ = nullptr;
    alignas(void*) std::byte bytes_[room];
};

}  // namespace millrace
