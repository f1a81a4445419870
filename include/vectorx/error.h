// Errors that the core reports. The core never calls PostgreSQL; the boundary (src/pg/boundary.h) turns an Error into
// ereport(ERROR) with the SQLSTATE that belongs to its code.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace vectorx {

// Names follow the SQLSTATE conditions of PostgreSQL's errcodes.txt.
enum class ErrorCode {
    kDataException,
    kNumericValueOutOfRange,
    kInvalidTextRepresentation,
    kInvalidParameterValue,
    kProgramLimitExceeded,
    kProtocolViolation,
    kInternalError,
};

class Error : public std::runtime_error {
 public:
    Error(ErrorCode code, const std::string& message, std::string detail = {}, std::string hint = {})
        : std::runtime_error(message), code_(code), detail_(std::move(detail)), hint_(std::move(hint)) {}

    ErrorCode code() const { return code_; }
    const std::string& detail() const { return detail_; }
    const std::string& hint() const { return hint_; }

 private:
    ErrorCode code_;
    std::string detail_;
    std::string hint_;
};

}  // namespace vectorx
