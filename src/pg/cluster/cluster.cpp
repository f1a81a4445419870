// vectorx_kmeans() and vectorx_nearest_centroid().
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <random>

#include "core/cluster/hierarchy.h"
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/types/halfvec.h"
#include "pg/types/vector.h"
#include "vectorx/elementwise.h"
#include "vectorx/kernels.h"
#include "vectorx/metric.h"

extern "C" {
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <miscadmin.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace vectorx::pg {
namespace {

constexpr int kMaxClusters = 32768;
constexpr std::int64_t kRowsPerCluster = 256;

[[noreturn]] void report_distance(const char* distance, const char* allowed) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("distance \"%s\" is not supported", distance),
                    errhint("Available values: %s.", allowed)));
    pg_unreachable();
}

Metric metric_of(const char* distance, const char* allowed) {
    static const struct {
        const char* name;
        Metric metric;
    } names[] = {{"<->", Metric::kL2}, {"<#>", Metric::kInnerProduct}, {"<=>", Metric::kCosine}, {"<+>", Metric::kL1}};
    for (const auto& candidate : names)
        if (std::strcmp(candidate.name, distance) == 0) return candidate.metric;
    report_distance(distance, allowed);
}

class SpiTeam final : public Team {
 public:
    bool leads() const override { return true; }
    void wait() override {}
    void check_for_interrupts() override { CHECK_FOR_INTERRUPTS(); }
};

// A random sample of the rows of a query, as points of k-means.
class QuerySample {
 public:
    QuerySample(Oid vector_type, std::uint32_t clusters, std::int64_t max_rows, bool spherical)
        : vector_type_(vector_type),
          halfvec_type_(GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("halfvec"),
                                        ObjectIdGetDatum(namespace_of(vector_type)))),
          clusters_(clusters),
          max_rows_(max_rows),
          spherical_(spherical) {}

    void read(const char* query) {
        MemoryContext context = CurrentMemoryContext;
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        SPIPlanPtr plan = SPI_prepare(query, 0, nullptr);
        if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
        // Reports what is not one query that returns rows; read-only, so it can change nothing.
        Portal portal = SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
        check_column(portal->tupDesc);
        MemoryContext rows = AllocSetContextCreate(CurrentMemoryContext, "vectorx_kmeans rows", ALLOCSET_DEFAULT_SIZES);
        for (;;) {
            SPI_cursor_fetch(portal, true, 1000);
            if (SPI_processed == 0) break;
            for (std::uint64_t i = 0; i < SPI_processed; ++i) {
                bool isnull;
                Datum value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
                if (isnull) continue;
                MemoryContext caller = MemoryContextSwitchTo(rows);
                add(value, context);
                MemoryContextSwitchTo(caller);
                MemoryContextReset(rows);
            }
            SPI_freetuptable(SPI_tuptable);
        }
        SPI_cursor_close(portal);
        SPI_finish();
    }

    std::uint32_t count() const { return count_; }
    std::size_t dim() const { return dim_; }
    const cluster::KMeansArrays<float>& arrays() const { return arrays_; }

 private:
    static Oid namespace_of(Oid type) {
        HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
        if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for type %u", type);
        Oid result = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typnamespace;
        ReleaseSysCache(tuple);
        return result;
    }

    void check_column(TupleDesc descriptor) {
        Oid type = descriptor == nullptr || descriptor->natts < 1 ? InvalidOid
                                                                  : getBaseType(TupleDescAttr(descriptor, 0)->atttypid);
        if (type != vector_type_ && type != halfvec_type_) {
            ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                            errmsg("the first column of the query must be of type vector or halfvec")));
        }
        half_ = type == halfvec_type_;
    }

    void add(Datum value, MemoryContext context) {
        if (half_) {
            const auto* vector = dense_from_datum<Half>(value);
            if (prepare(vector->dim, context)) load(vector->x, dim_, spare_);
        } else {
            const auto* vector = dense_from_datum<float>(value);
            if (prepare(vector->dim, context)) load(vector->x, dim_, spare_);
        }
        if (spherical_) {
            normalize(spare_, dim_, spare_);
            // A zero vector has no direction.
            if (!(kernels().inner_product(spare_, spare_, dim_) > 0)) return;
        }
        // Reservoir sampling (algorithm R): every row has the same chance.
        std::int64_t place = seen_++;
        if (place >= capacity_) place = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(seen_));
        if (place >= capacity_) return;
        std::memcpy(arrays_.points + static_cast<std::size_t>(place) * dim_, spare_, dim_ * sizeof(float));
        count_ = static_cast<std::uint32_t>(std::min(seen_, capacity_));
    }

    // With the first row's dimension known, allocates; then checks that the others have it.
    bool prepare(int dim, MemoryContext context) {
        if (dim_ != 0) {
            check_same_dimensions(half_ ? kHalfvecType : kVectorType, static_cast<int>(dim_), dim);
            return true;
        }
        dim_ = static_cast<std::size_t>(dim);
        auto bytes = [this](std::int64_t rows) {
            return cluster::KMeansArrays<float>::bytes(static_cast<std::size_t>(rows), clusters_, dim_);
        };
        auto budget = static_cast<std::size_t>(maintenance_work_mem) * 1024;
        std::int64_t least = std::min<std::int64_t>(clusters_, max_rows_);
        if (bytes(least) > budget) {
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                            errmsg("memory required is %zu MB, maintenance_work_mem is %d MB",
                                   bytes(least) / (1024 * 1024) + 1, maintenance_work_mem / 1024)));
        }
        capacity_ = max_rows_;
        while (capacity_ > least && bytes(capacity_) > budget)
            capacity_ = std::max(least, capacity_ - std::max<std::int64_t>(1, capacity_ / 16));
        auto* memory = static_cast<std::byte*>(MemoryContextAllocHuge(context, bytes(capacity_) + PG_CACHE_LINE_SIZE));
        arrays_ = cluster::KMeansArrays<float>(reinterpret_cast<std::byte*>(CACHELINEALIGN(memory)),
                                               static_cast<std::size_t>(capacity_), clusters_, dim_);
        spare_ = static_cast<float*>(MemoryContextAlloc(context, dim_ * sizeof(float)));
        return true;
    }

    Oid vector_type_;
    Oid halfvec_type_;
    std::uint32_t clusters_;
    std::int64_t max_rows_;
    bool spherical_;
    bool half_ = false;
    std::size_t dim_ = 0;
    std::int64_t capacity_ = 0;
    std::int64_t seen_ = 0;
    std::uint32_t count_ = 0;
    cluster::KMeansArrays<float> arrays_;
    float* spare_ = nullptr;
    std::mt19937_64 random_{1};
};

// The mean of Euclidean points is taken off, and put back in the end: sums of products would lose the digits that all
// points have in common.
void shift(float* rows, std::size_t count, std::size_t dim, const double* by, double sign) {
    for (std::size_t r = 0; r < count; ++r)
        for (std::size_t i = 0; i < dim; ++i)
            rows[r * dim + i] = static_cast<float>(static_cast<double>(rows[r * dim + i]) + sign * by[i]);
}

ArrayType* kmeans(const char* query, int clusters, const char* distance, std::optional<int> max_rows, Oid vector_type) {
    constexpr const char* kAllowed = "<->, <#>, <=>";
    Metric metric = metric_of(distance, kAllowed);
    if (metric == Metric::kL1) report_distance(distance, kAllowed);
    if (clusters < 1 || clusters > kMaxClusters) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("k must be between 1 and %d", kMaxClusters)));
    }
    if (max_rows.has_value() && *max_rows < 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_rows must be greater than zero")));
    bool spherical = metric != Metric::kL2;
    std::int64_t rows = max_rows.has_value() ? *max_rows : kRowsPerCluster * clusters;
    QuerySample sample(vector_type, static_cast<std::uint32_t>(clusters), rows, spherical);
    sample.read(query);
    if (sample.count() == 0) return construct_empty_array(vector_type);

    ContextMemory memory(CurrentMemoryContext);
    const std::size_t dim = sample.dim();
    auto* mean = static_cast<double*>(palloc0(dim * sizeof(double)));
    if (!spherical) {
        for (std::uint32_t r = 0; r < sample.count(); ++r)
            for (std::size_t i = 0; i < dim; ++i)
                mean[i] += static_cast<double>(sample.arrays().points[r * dim + i]) / sample.count();
        shift(sample.arrays().points, sample.count(), dim, mean, -1);
    }
    KMeansOptions options;
    options.clusters = static_cast<std::uint32_t>(clusters);
    cluster::KMeansShared shared;
    SpiTeam team;
    cluster::Clusterer<cluster::DenseSpace>(cluster::DenseSpace(dim, spherical), options, sample.arrays(),
                                            sample.count(), &shared, &team, &memory)
        .run();
    const std::uint32_t found = shared.result.clusters;
    if (!spherical) shift(sample.arrays().centroids, found, dim, mean, 1);
    auto* centroids = static_cast<Datum*>(palloc(found * sizeof(Datum)));
    for (std::uint32_t c = 0; c < found; ++c) {
        Vector* vector = new_dense<float>(static_cast<std::int64_t>(dim));
        std::memcpy(vector->x, sample.arrays().centroids + c * dim, dim * sizeof(float));
        centroids[c] = PointerGetDatum(vector);
    }
    return construct_array(centroids, static_cast<int>(found), vector_type, -1, false, TYPALIGN_INT);
}

double distance_between(Metric metric, const Vector* a, const Vector* b) {
    const Kernels& k = kernels();
    switch (metric) {
        case Metric::kInnerProduct:
            return -static_cast<double>(k.inner_product(a->x, b->x, a->size()));
        case Metric::kL1:
            return static_cast<double>(k.l1(a->x, b->x, a->size()));
        case Metric::kCosine: {
            CosineSums sums = k.cosine(a->x, b->x, a->size());
            return -static_cast<double>(sums.inner_product) / std::sqrt(static_cast<double>(sums.norm_squared_b));
        }
        default:
            return static_cast<double>(k.l2_squared(a->x, b->x, a->size()));
    }
}

int nearest_centroid(const Vector* vector, ArrayType* centroids, const char* distance) {
    Metric metric = metric_of(distance, "<->, <#>, <=>, <+>");
    if (ARR_NDIM(centroids) > 1) ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
    if (array_contains_nulls(centroids))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
    int count = ArrayGetNItems(ARR_NDIM(centroids), ARR_DIMS(centroids));
    if (count == 0) ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must not be empty")));
    int nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    char* at = ARR_DATA_PTR(centroids);
    for (int i = 0; i < count; ++i) {
        const Vector* centroid = vector_from_datum(PointerGetDatum(at));
        check_same_dimensions(kVectorType, vector->dim, centroid->dim);
        double d = distance_between(metric, vector, centroid);
        if (d < least) {
            least = d;
            nearest = i;
        }
        at += INTALIGN(VARSIZE_ANY(at));
    }
    return ARR_LBOUND(centroids)[0] + nearest;
}

}  // namespace
}  // namespace vectorx::pg

VECTORX_FUNCTION(vectorx_kmeans) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_NULL();
    std::optional<int> max_rows;
    if (!PG_ARGISNULL(3)) max_rows = PG_GETARG_INT32(3);
    char* query = text_to_cstring(PG_GETARG_TEXT_PP(0));
    char* distance = text_to_cstring(PG_GETARG_TEXT_PP(2));
    Oid vector_type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
    PG_RETURN_POINTER(vectorx::pg::kmeans(query, PG_GETARG_INT32(1), distance, max_rows, vector_type));
}

VECTORX_FUNCTION(vectorx_nearest_centroid) {
    char* distance = text_to_cstring(PG_GETARG_TEXT_PP(2));
    PG_RETURN_INT32(vectorx::pg::nearest_centroid(vectorx::pg::dense_argument<float>(fcinfo, 0),
                                                  PG_GETARG_ARRAYTYPE_P(1), distance));
}
