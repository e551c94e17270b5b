#include "tests/support/allocations.hh"

#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {
thread_local uint64_t count = 0;
thread_local size_t live_bytes = 0;
thread_local size_t fails_from = SIZE_MAX;

void* taken(void* block) noexcept {
    live_bytes += ::malloc_usable_size(block);
    return block;
}
void give_back(void* block) noexcept {
    live_bytes -= ::malloc_usable_size(block);
    std::free(block);
}

void* counted(size_t size) {
    ++count;
    if (size >= fails_from) throw std::bad_alloc();
    if (void* block = std::malloc(size ? size : 1)) return taken(block);
    throw std::bad_alloc();
}

void* counted(size_t size, std::align_val_t alignment) {
    ++count;
    size_t a = size_t(alignment);
    if (void* block = std::aligned_alloc(a, (size + a - 1) / a * a)) return taken(block);
    throw std::bad_alloc();
}
}  // namespace

uint64_t millrace::test::allocations() noexcept {
    return count;
}

size_t millrace::test::allocated_bytes() noexcept {
    return live_bytes;
}

millrace::test::failing_allocations::failing_allocations(size_t from) noexcept {
    fails_from = from;
}

millrace::test::failing_allocations::~failing_allocations() {
    fails_from = SIZE_MAX;
}

void* operator new(size_t size) {
    return counted(size);
}
void* operator new[](size_t size) {
    return counted(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
    return counted(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment) {
    return counted(size, alignment);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    ++count;
    return taken(std::malloc(size ? size : 1));
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
    ++count;
    return taken(std::malloc(size ? size : 1));
}
void operator delete(void* block) noexcept {
    give_back(block);
}
void operator delete[](void* block) noexcept {
    give_back(block);
}
void operator delete(void* block, size_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, size_t) noexcept {
    give_back(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete(void* block, size_t, std::align_val_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, size_t, std::align_val_t) noexcept {
    give_back(block);
}
