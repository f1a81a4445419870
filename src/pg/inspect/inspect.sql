-- Looking into indexes. Owners of the index and members of pg_stat_scan_tables may.

CREATE FUNCTION vectorx_check(index regclass, heapallindexed boolean DEFAULT false,
        OUT block bigint, OUT slot integer, OUT fault text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION vectorx_check(regclass, boolean) IS
    'faults found in an hnsw or ivfflat index, a row for each; none in a sound one. With heapallindexed, also every visible row of the table is looked for. Inserts and vacuum wait meanwhile';

CREATE FUNCTION vectorx_index_stats(index regclass,
        OUT storage text, OUT dimensions integer, OUT m integer, OUT ef_construction integer,
        OUT nodes bigint, OUT dying_nodes bigint, OUT rows bigint, OUT levels integer, OUT average_degree double precision,
        OUT pages bigint, OUT node_pages bigint, OUT upper_pages bigint, OUT rows_pages bigint, OUT payload_pages bigint,
        OUT unused_pages bigint, OUT free_node_slots bigint, OUT free_fraction double precision,
        OUT bytes bigint, OUT bytes_per_row double precision,
        OUT lists integer, OUT list_pages bigint, OUT imbalance double precision)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION vectorx_index_stats(regclass) IS
    'what an hnsw or ivfflat index holds, counted page by page: distinct vectors (nodes), rows, links of a node on level 0 (average_degree), pages by kind, slots that inserts will use again; of an ivfflat index, lists, their pages, and how much longer the list is in which a row lies, on average, than if all were equally long (imbalance). What an access method does not have is NULL';
