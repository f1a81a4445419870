// Memory between two pages that may not be touched: a kernel that reads outside its vectors dies.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

namespace vectorx::test {

// Where in the memory a copy goes. kUnaligned starts one element after a 64-byte boundary.
enum class Place { kAtStart, kUnaligned, kAtEnd };
constexpr Place kPlaces[] = {Place::kAtStart, Place::kUnaligned, Place::kAtEnd};

class GuardedMemory {
 public:
    explicit GuardedMemory(std::size_t bytes) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        bytes_ = (bytes + 64 + page_ - 1) / page_ * page_;
        void* p = mmap(nullptr, bytes_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) throw std::bad_alloc();
        mapping_ = static_cast<char*>(p);
        if (mprotect(mapping_ + page_, bytes_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    }
    GuardedMemory(const GuardedMemory&) = delete;
    GuardedMemory& operator=(const GuardedMemory&) = delete;
    ~GuardedMemory() { munmap(mapping_, bytes_ + 2 * page_); }

    // Copies the first `count` elements of `values` to `place`; valid until the next call. `count` may be 0.
    template <typename T>
    T* put(const std::vector<T>& values, std::size_t count, Place place) {
        T* v = space<T>(count, place);
        if (count > 0) std::memcpy(v, values.data(), count * sizeof(T));
        return v;
    }

    // Room for `count` elements, without values.
    template <typename T>
    T* space(std::size_t count, Place place) {
        char* start = mapping_ + page_;
        if (place == Place::kUnaligned) start += sizeof(T);
        if (place == Place::kAtEnd) start = mapping_ + page_ + bytes_ - count * sizeof(T);
        return reinterpret_cast<T*>(start);
    }

 private:
    std::size_t page_;
    std::size_t bytes_;
    char* mapping_;
};

}  // namespace vectorx::test
