#include "pg/hnsw/options.h"

extern "C" {
#include <access/reloptions.h>
#include <utils/guc.h>
}

#include "pg/compat.h"
#include "pg/hnsw/codec.h"

namespace vectorx::pg::hnsw {

int ef_search = kDefaultEfSearch;
int iterative_scan = kIterativeOff;
int max_scan_tuples = 20000;
double scan_mem_multiplier = 1;

namespace {

relopt_kind option_kind;

const config_enum_entry iterative_scan_values[] = {
    {"off", kIterativeOff, false},
    {"relaxed_order", kIterativeRelaxed, false},
    {"strict_order", kIterativeStrict, false},
    {nullptr, 0, false},
};

// Values of the storage parameter.
enum : int { kStoragePlain, kStorageQuantized, kStorageByDimension };

relopt_enum_elt_def storage_values[] = {
    {"plain", kStoragePlain},
    {"quantized", kStorageQuantized},
    {nullptr, 0},
};

// From how many dimensions on vectors are quantized where nothing is said. Below, codes save little of a node, and
// their errors are large.
constexpr int kMinQuantizedDimensions = 64;

struct Options {
    int32 vl_len_;
    int m;
    int ef_construction;
    int storage;
};

}  // namespace

void define_settings() {
    option_kind = add_reloption_kind();
    add_int_reloption(option_kind, "m", "Number of links of a node on each upper level; twice as many on level 0",
                      kDefaultM, kMinM, kMaxM, AccessExclusiveLock);
    add_int_reloption(option_kind, "ef_construction",
                      "Number of candidates kept while a node's neighbours are looked for", kDefaultEfConstruction,
                      kMinEfConstruction, kMaxEfConstruction, AccessExclusiveLock);
    add_enum_reloption(option_kind, "storage", "How vectors are kept: as they are, or as codes of 4 bits a dimension",
                       storage_values, kStorageByDimension, "Valid values are \"plain\" and \"quantized\".",
                       AccessExclusiveLock);

    DefineCustomIntVariable("hnsw.ef_search", "Sets the number of candidates that a search of an hnsw index keeps.",
                            "Higher values give better recall and take more time. A scan returns at most this many "
                            "distinct vectors.",
                            &ef_search, kDefaultEfSearch, kMinEfSearch, kMaxEfSearch, PGC_USERSET, 0, nullptr, nullptr,
                            nullptr);
    DefineCustomEnumVariable("hnsw.iterative_scan",
                             "Sets whether scans look for more when a filter leaves too few rows.",
                             "With relaxed_order, rows can come slightly out of order.", &iterative_scan, kIterativeOff,
                             iterative_scan_values, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("hnsw.max_scan_tuples", "Sets how many vectors an iterative scan visits at most.", nullptr,
                            &max_scan_tuples, 20000, 1, INT_MAX, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomRealVariable("hnsw.scan_mem_multiplier",
                             "Sets how much memory an iterative scan uses at most, as a multiple of work_mem.", nullptr,
                             &scan_mem_multiplier, 1, 1, 1000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    mark_setting_prefix_reserved("hnsw");
}

GraphOptions graph_options(Relation index) {
    GraphOptions options;
    if (index->rd_options != nullptr) {
        const auto* given = reinterpret_cast<const Options*>(index->rd_options);
        options.m = given->m;
        options.ef_construction = given->ef_construction;
    }
    return options;
}

Storage storage_option(Relation index, const OperatorClass& opclass, int dimensions, bool* said) {
    int wanted = kStorageByDimension;
    if (index->rd_options != nullptr) wanted = reinterpret_cast<const Options*>(index->rd_options)->storage;
    *said = wanted != kStorageByDimension;
    if (wanted == kStoragePlain) return Storage::kPlain;
    if (can_be_quantized(opclass))
        return wanted == kStorageQuantized || dimensions >= kMinQuantizedDimensions ? Storage::kQuantized
                                                                                    : Storage::kPlain;
    if (wanted == kStorageQuantized) {
        ereport(
            ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("storage \"quantized\" is not supported for this operator class"),
             errhint("It is for the operator classes of vector and halfvec other than those for the L1 distance.")));
    }
    return Storage::kPlain;
}

bytea* parse_options(Datum reloptions, bool validate) {
    static const relopt_parse_elt table[] = {
        storage_parameter("m", RELOPT_TYPE_INT, offsetof(Options, m)),
        storage_parameter("ef_construction", RELOPT_TYPE_INT, offsetof(Options, ef_construction)),
        storage_parameter("storage", RELOPT_TYPE_ENUM, offsetof(Options, storage)),
    };
    return static_cast<bytea*>(
        build_reloptions(reloptions, validate, option_kind, sizeof(Options), table, lengthof(table)));
}

}  // namespace vectorx::pg::hnsw
