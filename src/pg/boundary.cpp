#include "pg/boundary.h"

#include <cstring>
#include <exception>

namespace vectorx::pg {
namespace {

int sqlstate_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kDataException:
            return ERRCODE_DATA_EXCEPTION;
        case ErrorCode::kNumericValueOutOfRange:
            return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
        case ErrorCode::kInvalidTextRepresentation:
            return ERRCODE_INVALID_TEXT_REPRESENTATION;
        case ErrorCode::kInvalidParameterValue:
            return ERRCODE_INVALID_PARAMETER_VALUE;
        case ErrorCode::kProgramLimitExceeded:
            return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
        case ErrorCode::kProtocolViolation:
            return ERRCODE_PROTOCOL_VIOLATION;
        case ErrorCode::kInternalError:
            return ERRCODE_INTERNAL_ERROR;
    }
    return ERRCODE_INTERNAL_ERROR;
}

// A copy in the current memory context; nullptr for an empty text or when even that much memory is missing.
const char* copy_text(const char* text) noexcept {
    std::size_t size = std::strlen(text) + 1;
    if (size == 1) return nullptr;
    auto* copy = static_cast<char*>(MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_NO_OOM));
    if (copy != nullptr) std::memcpy(copy, text, size);
    return copy;
}

}  // namespace

void describe_current_exception(CaughtError* error) noexcept {
    try {
        throw;
    } catch (const Error& e) {
        error->sqlstate = sqlstate_of(e.code());
        error->message = copy_text(e.what());
        error->detail = copy_text(e.detail().c_str());
        error->hint = copy_text(e.hint().c_str());
    } catch (const std::bad_alloc&) {
        error->sqlstate = ERRCODE_OUT_OF_MEMORY;
        error->message = "out of memory";
    } catch (const std::exception& e) {
        error->sqlstate = ERRCODE_INTERNAL_ERROR;
        error->message = copy_text(e.what());
    } catch (...) {
        error->sqlstate = ERRCODE_INTERNAL_ERROR;
    }
}

void report(const CaughtError& error) {
    ereport(ERROR, (errcode(error.sqlstate),
                    errmsg_internal("%s", error.message != nullptr ? error.message : "unexpected error in vectorx"),
                    error.detail != nullptr ? errdetail_internal("%s", error.detail) : 0,
                    error.hint != nullptr ? errhint("%s", error.hint) : 0));
    pg_unreachable();
}

void* ContextMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
    if (alignment > MAXIMUM_ALIGNOF || !AllocHugeSizeIsValid(bytes)) throw std::bad_alloc();
    void* p = MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
    if (p == nullptr) throw std::bad_alloc();
    return p;
}

void ContextMemory::do_deallocate(void* p, std::size_t, std::size_t) { pfree(p); }

}  // namespace vectorx::pg
