// What a scan costs, in the planner's units: as pgvector reckons, so that plans are the same.
#include <algorithm>
#include <cstring>

#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/ivfflat/callbacks.h"

extern "C" {
#include <access/genam.h>
#include <nodes/pathnodes.h>
#include <utils/float.h>
#include <utils/selfuncs.h>
#include <utils/spccache.h>
}

#include "pg/ivfflat/options.h"
#include "pg/ivfflat/page.h"

namespace vectorx::pg::ivfflat {
namespace {

GenericCosts estimate(PlannerInfo* root, IndexPath* path, double loop_count) {
    GenericCosts costs = {};
    genericcostestimate(root, path, loop_count, &costs);

    IndexOptInfo* info = path->indexinfo;
    Relation index = index_open(info->indexoid, NoLock);
    double lists = read_meta(index).lists;
    index_close(index, NoLock);
    double part = std::min(1.0, probes / lists);

    // Pages of a list mostly follow each other: take half of them as read in sequence.
    double sequential_cost;
    get_tablespace_page_costs(info->reltablespace, nullptr, &sequential_cost);
    double saved = (costs.spc_random_page_cost - sequential_cost) / 2;
    costs.indexTotalCost -= costs.numIndexPages * saved;
    costs.indexStartupCost = costs.indexTotalCost * part;

    // A scan of a table does not pay for vectors stored out of line. So that the index of such a table can win, it is
    // charged for no more pages than the table has, all in sequence.
    double pages = costs.numIndexPages * part;
    double table_pages = info->rel->pages;
    if (pages > table_pages && part < 0.5)
        costs.indexStartupCost -= pages * saved + (pages - table_pages) * sequential_cost;
    return costs;
}

}  // namespace
}  // namespace vectorx::pg::ivfflat

void ivfflat_cost_estimate(PlannerInfo* root, IndexPath* path, double loop_count, Cost* startup_cost, Cost* total_cost,
                           Selectivity* selectivity, double* correlation, double* pages) {
    if (path->indexorderbys == NIL) {
        *startup_cost = *total_cost = get_float8_infinity();
        *selectivity = *correlation = *pages = 0;
        vectorx::pg::disable_path(&path->path);
        return;
    }
    auto costs = vectorx::pg::guard([=] { return vectorx::pg::ivfflat::estimate(root, path, loop_count); });
    *startup_cost = costs.indexStartupCost;
    *total_cost = costs.indexTotalCost;
    *selectivity = costs.indexSelectivity;
    *correlation = costs.indexCorrelation;
    *pages = costs.numIndexPages;
}
