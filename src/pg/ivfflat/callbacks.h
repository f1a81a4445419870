// The access method's functions, as PostgreSQL calls them; handler.cpp puts them into the IndexAmRoutine.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <access/amapi.h>
#include <nodes/execnodes.h>

IndexBuildResult* ivfflat_build(Relation heap, Relation index, IndexInfo* info);
void ivfflat_build_empty(Relation index);
bool ivfflat_insert(Relation index, Datum* values, bool* isnull, ItemPointer row, Relation heap,
                    IndexUniqueCheck unique, bool unchanged, IndexInfo* info);
IndexBulkDeleteResult* ivfflat_bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                           IndexBulkDeleteCallback callback, void* callback_state);
IndexBulkDeleteResult* ivfflat_vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats);
void ivfflat_cost_estimate(PlannerInfo* root, IndexPath* path, double loop_count, Cost* startup_cost, Cost* total_cost,
                           Selectivity* selectivity, double* correlation, double* pages);
bytea* ivfflat_options(Datum reloptions, bool validate);
char* ivfflat_build_phase_name(int64 phase);
bool ivfflat_validate(Oid opclass);
IndexScanDesc ivfflat_begin_scan(Relation index, int key_count, int order_count);
void ivfflat_rescan(IndexScanDesc scan, ScanKey keys, int key_count, ScanKey orders, int order_count);
bool ivfflat_get_tuple(IndexScanDesc scan, ScanDirection direction);
void ivfflat_end_scan(IndexScanDesc scan);
}
