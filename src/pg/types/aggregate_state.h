// The state of avg over dense vectors: float8[] {count, sum of element 1, sum of element 2, ...}. It starts as {0} and
// takes the dimension of the first value. It is an SQL value that anybody can pass, so every use checks it first.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <utils/array.h>
}

namespace vectorx::pg {

struct AggregateState {
    ArrayType* array;
    int dim;         // 0 before the first value
    double* values;  // count and sums, dim + 1 of them

    double& count() const { return values[0]; }
    double* sums() const { return values + 1; }
};

// Checks the state that is argument `argument`; `caller` is named in the error.
AggregateState state_argument(FunctionCallInfo fcinfo, int argument, const char* caller);

// A new state in the current memory context; neither count nor sums are initialised.
AggregateState new_state(int dim);

}  // namespace vectorx::pg
