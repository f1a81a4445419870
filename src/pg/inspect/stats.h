// The columns of vectorx_index_stats(), in the order of inspect.sql. An access method leaves those that it does not
// know NULL.
#pragma once

namespace vectorx::pg {

enum StatsColumn : int {
    kStatsStorage,
    kStatsDimensions,
    kStatsM,
    kStatsEfConstruction,
    kStatsNodes,
    kStatsDyingNodes,
    kStatsRows,
    kStatsLevels,
    kStatsAverageDegree,
    kStatsPages,
    kStatsNodePages,
    kStatsUpperPages,
    kStatsRowsPages,
    kStatsPayloadPages,
    kStatsUnusedPages,
    kStatsFreeNodeSlots,
    kStatsFreeFraction,
    kStatsBytes,
    kStatsBytesPerRow,
    kStatsLists,
    kStatsListPages,
    kStatsImbalance,
    kStatsColumns,
};

}  // namespace vectorx::pg
