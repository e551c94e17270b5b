// What the address sanitizer must be told: memory that is free though mapped, and changes of the stack.
// Nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define MILLRACE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MILLRACE_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(MILLRACE_ADDRESS_SANITIZER)

// Declared here, as not every compiler's package has the headers.
extern "C" {
void __asan_poison_memory_region(const volatile void* begin, size_t size);
void __asan_unpoison_memory_region(const volatile void* begin, size_t size);
void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** old_bottom, size_t* old_size);
}

namespace millrace::sanitizer {

// It knows of every block of the heap who has it, and of every access whether it is in one.
inline constexpr bool watches_addresses = true;

inline void poison(const void* begin, size_t size) noexcept {
    __asan_poison_memory_region(begin, size);
}
inline void unpoison(const void* begin, size_t size) noexcept {
    __asan_unpoison_memory_region(begin, size);
}
// Before a switch to the stack at `bottom`; null for `fake_stack` if the present one is left for good.
inline void start_switch(void** fake_stack, const void* bottom, size_t size) noexcept {
    __sanitizer_start_switch_fiber(fake_stack, bottom, size);
}
// After it, with what start_switch stored when this stack was left; tells the stack that was left now.
inline void finish_switch(void* fake_stack, const void** old_bottom, size_t* old_size) noexcept {
    __sanitizer_finish_switch_fiber(fake_stack, old_bottom, old_size);
}

}  // namespace millrace::sanitizer

#else

namespace millrace::sanitizer {

inline constexpr bool watches_addresses = false;

inline void poison(const void*, size_t) noexcept {}
inline void unpoison(const void*, size_t) noexcept {}
inline void start_switch(void**, const void*, size_t) noexcept {}
inline void finish_switch(void*, const void**, size_t*) noexcept {}

}  // namespace millrace::sanitizer

#endif
