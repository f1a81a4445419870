#include "pg/ivfflat/options.h"

extern "C" {
#include <access/reloptions.h>
#include <utils/guc.h>
}

#include "pg/compat.h"

namespace vectorx::pg::ivfflat {

int probes = kDefaultProbes;
int iterative_scan = kIterativeOff;
int max_probes = kMaxLists;

namespace {

relopt_kind option_kind;

const config_enum_entry iterative_scan_values[] = {
    {"off", kIterativeOff, false},
    {"relaxed_order", kIterativeRelaxed, false},
    {nullptr, 0, false},
};

struct Options {
    int32 vl_len_;
    int lists;
    int storage;
};

relopt_enum_elt_def storage_values[] = {
    {"plain", static_cast<int>(Storage::kPlain)},
    {"quantized", static_cast<int>(Storage::kQuantized)},
    {nullptr, 0},
};

}  // namespace

void define_settings() {
    option_kind = add_reloption_kind();
    add_int_reloption(option_kind, "lists", "Number of lists that the rows are divided into", kDefaultLists, kMinLists,
                      kMaxLists, AccessExclusiveLock);
    add_enum_reloption(option_kind, "storage", "What the lists hold of a vector", storage_values,
                       static_cast<int>(Storage::kPlain), "Valid values are \"plain\" and \"quantized\".",
                       AccessExclusiveLock);

    DefineCustomIntVariable("ivfflat.probes", "Sets how many lists a scan of an ivfflat index looks into.",
                            "Higher values give better recall and take more time.", &probes, kDefaultProbes, kMinLists,
                            kMaxLists, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("ivfflat.iterative_scan",
                             "Sets whether scans look into more lists when a filter leaves too few rows.",
                             "With relaxed_order, rows can come slightly out of order.", &iterative_scan, kIterativeOff,
                             iterative_scan_values, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("ivfflat.max_probes", "Sets how many lists an iterative scan looks into at most.",
                            "Where this is less than ivfflat.probes, that counts.", &max_probes, kMaxLists, kMinLists,
                            kMaxLists, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    mark_setting_prefix_reserved("ivfflat");
}

int list_count(Relation index) {
    if (index->rd_options == nullptr) return kDefaultLists;
    return reinterpret_cast<const Options*>(index->rd_options)->lists;
}

Storage list_storage(Relation index) {
    if (index->rd_options == nullptr) return Storage::kPlain;
    return static_cast<Storage>(reinterpret_cast<const Options*>(index->rd_options)->storage);
}

bytea* parse_options(Datum reloptions, bool validate) {
    static const relopt_parse_elt table[] = {
        storage_parameter("lists", RELOPT_TYPE_INT, offsetof(Options, lists)),
        storage_parameter("storage", RELOPT_TYPE_ENUM, offsetof(Options, storage)),
    };
    return static_cast<bytea*>(
        build_reloptions(reloptions, validate, option_kind, sizeof(Options), table, lengthof(table)));
}

}  // namespace vectorx::pg::ivfflat
