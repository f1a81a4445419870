#include "pg/index/check.h"

extern "C" {
#include <utils/builtins.h>
#include <utils/tuplestore.h>
}

namespace vectorx::pg {

void FaultReport::operator()(BlockNumber block, std::uint32_t position, const char* format, ...) const {
    StringInfoData text;
    initStringInfo(&text);
    for (int needed = 1; needed != 0;) {
        va_list args;
        va_start(args, format);
        needed = appendStringInfoVA(&text, format, args);
        va_end(args);
        if (needed != 0) enlargeStringInfo(&text, needed);
    }
    Datum values[3] = {Int64GetDatum(block), Int32GetDatum(static_cast<int32>(position)),
                       PointerGetDatum(cstring_to_text_with_len(text.data, text.len))};
    bool nulls[3] = {};
    tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
}

}  // namespace vectorx::pg
