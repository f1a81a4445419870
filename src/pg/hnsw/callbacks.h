// The access method's functions, as PostgreSQL calls them; handler.cpp puts them into the IndexAmRoutine.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <access/amapi.h>
#include <nodes/execnodes.h>

IndexBuildResult* hnsw_build(Relation heap, Relation index, IndexInfo* info);
void hnsw_build_empty(Relation index);
bool hnsw_insert(Relation index, Datum* values, bool* isnull, ItemPointer row, Relation heap, IndexUniqueCheck unique,
                 bool unchanged, IndexInfo* info);
IndexBulkDeleteResult* hnsw_bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                        IndexBulkDeleteCallback callback, void* callback_state);
IndexBulkDeleteResult* hnsw_vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats);
void hnsw_cost_estimate(PlannerInfo* root, IndexPath* path, double loop_count, Cost* startup_cost, Cost* total_cost,
                        Selectivity* selectivity, double* correlation, double* pages);
bytea* hnsw_options(Datum reloptions, bool validate);
char* hnsw_build_phase_name(int64 phase);
bool hnsw_validate(Oid opclass);
IndexScanDesc hnsw_begin_scan(Relation index, int key_count, int order_count);
void hnsw_rescan(IndexScanDesc scan, ScanKey keys, int key_count, ScanKey orders, int order_count);
bool hnsw_get_tuple(IndexScanDesc scan, ScanDirection direction);
void hnsw_end_scan(IndexScanDesc scan);
}
