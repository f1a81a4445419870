// The one way in and out between C++ and PostgreSQL.
//
// PostgreSQL reports errors by longjmp, C++ by exceptions, and neither may cross frames of the other:
//  - Everything that PostgreSQL calls is a thin extern "C" function whose body is guard(...): it turns an exception
//    into ereport(ERROR), after the exception object has been destroyed.
//  - Below it, a frame on the stack while a PostgreSQL function may ereport owns nothing that only a destructor would
//    free. Memory comes from memory contexts (ContextMemory below), buffers and locks belong to the resource owner.
#pragma once

#include "pg/postgres.h"

#include <memory_resource>
#include <new>
#include <utility>

#include "vectorx/error.h"

namespace vectorx::pg {

// What is left of an exception once it has been caught: strings in the current memory context, nothing to destroy.
struct CaughtError {
    int sqlstate = 0;
    const char* message = nullptr;
    const char* detail = nullptr;
    const char* hint = nullptr;
};

// Must be called inside a catch block; describes the exception in flight. Does not throw and does not ereport.
void describe_current_exception(CaughtError* error) noexcept;

[[noreturn]] void report(const CaughtError& error);

// Runs `body` and returns its result; a C++ exception becomes ereport(ERROR).
template <typename Body>
auto guard(Body&& body) -> decltype(body()) {
    CaughtError error;
    try {
        return std::forward<Body>(body)();
    } catch (...) {
        describe_current_exception(&error);
    }
    // Outside the catch block: a longjmp out of it would leave the exception object alive for ever.
    report(error);
}

// Memory for containers of the core, taken from a memory context: freed with the context, so an ereport over a
// container leaks nothing. Throws std::bad_alloc (never ereports) when memory runs out.
class ContextMemory final : public std::pmr::memory_resource {
 public:
    explicit ContextMemory(MemoryContext context) : context_(context) {}

 private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

    MemoryContext context_;
};

// Constructs a T in `context`. Its destructor never runs, so T may own only memory of contexts.
template <typename T, typename... Args>
T* make_in(MemoryContext context, Args&&... args) {
    static_assert(alignof(T) <= MAXIMUM_ALIGNOF);
    return new (MemoryContextAlloc(context, sizeof(T))) T(std::forward<Args>(args)...);
}

}  // namespace vectorx::pg

// Defines the SQL-callable function `name`; the body follows as of a function that returns Datum and has `fcinfo`.
#define VECTORX_FUNCTION(name)                                               \
    extern "C" {                                                             \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                \
    PG_FUNCTION_INFO_V1(name);                                               \
    }                                                                        \
    static Datum name##_body(FunctionCallInfo fcinfo);                       \
    extern "C" Datum name(PG_FUNCTION_ARGS) {                                \
        return vectorx::pg::guard([fcinfo] { return name##_body(fcinfo); }); \
    }                                                                        \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
