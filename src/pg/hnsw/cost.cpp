// What a scan costs, in the planner's units.
#include <algorithm>
#include <cmath>

#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/hnsw/callbacks.h"

extern "C" {
#include <access/genam.h>
#include <nodes/pathnodes.h>
#include <optimizer/optimizer.h>
#include <utils/float.h>
#include <utils/spccache.h>
}

#include "pg/hnsw/options.h"
#include "pg/hnsw/page.h"

namespace vectorx::pg::hnsw {
namespace {

struct Estimate {
    Cost startup = 0;
    Cost total = 0;
    double pages = 0;
};

// How many vectors a search compares with the query: on each upper level a few lists of links, on level 0 the links
// of about ef_search nodes, of which a part has been met before. The part grows with ef_search; on sentence embeddings
// the share of new ones is near 0.55 at ef_search 40 and 0.3 at 400.
double compared_vectors(double tuples, int m) {
    double ef = ef_search;
    double upper_levels = std::max(0.0, std::log(tuples) / std::log(m));
    double fresh = std::min(1.0, 2.0 / std::sqrt(1.0 + ef / 3.0));
    return std::min(tuples, upper_levels * 2 * m + ef * 2 * m * fresh);
}

Estimate estimate(IndexPath* path) {
    IndexOptInfo* info = path->indexinfo;
    Relation index = index_open(info->indexoid, NoLock);
    MetaPage meta = read_meta(index);
    index_close(index, NoLock);

    double tuples = std::max(1.0, info->tuples);
    double compared = compared_vectors(tuples, meta.m);

    // Nearly every comparison is a visit to a page, but an index that is searched at all stays in the cache if it can.
    // What a table scan pays for vectors that are stored out of line is not in its estimate, so an index of such a
    // table must not be charged for reading more pages than the table has.
    double random_cost;
    double sequential_cost;
    get_tablespace_page_costs(info->reltablespace, &random_cost, &sequential_cost);
    double table_pages = std::max(1.0, static_cast<double>(info->rel->pages));
    double pages = std::min({compared, static_cast<double>(info->pages), table_pages});
    double page_cost = info->pages <= static_cast<BlockNumber>(effective_cache_size) ? sequential_cost : random_cost;

    Estimate result;
    result.pages = pages;
    result.startup = pages * page_cost + compared * (cpu_index_tuple_cost + cpu_operator_cost);
    // The rows themselves; the planner adds their heap pages.
    result.total = result.startup + tuples * (cpu_index_tuple_cost + cpu_operator_cost);
    return result;
}

}  // namespace
}  // namespace vectorx::pg::hnsw

void hnsw_cost_estimate(PlannerInfo*, IndexPath* path, double, Cost* startup_cost, Cost* total_cost,
                        Selectivity* selectivity, double* correlation, double* pages) {
    *correlation = 0;  // the order of distances has nothing to do with that of the heap
    if (path->indexorderbys == NIL) {
        *startup_cost = *total_cost = get_float8_infinity();
        *selectivity = 0;
        *pages = 0;
        vectorx::pg::disable_path(&path->path);
        return;
    }
    auto estimate = vectorx::pg::guard([=] { return vectorx::pg::hnsw::estimate(path); });
    *startup_cost = estimate.startup;
    *total_cost = estimate.total;
    *selectivity = 1;
    *pages = estimate.pages;
}
