// pgx with pgvector-go: the binary protocol by default, text in the simple protocol.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
	pgxvector "github.com/pgvector/pgvector-go/pgx"
)

// Three rows and a query. No two distances by one operator are equal, and float16 holds every value.
var (
	rows      = [][]float32{{1, 2, 3}, {3, 3, 3}, {-1, 0.5, 4}}
	query     = []float32{1, 1, 2}
	bits      = []string{"101", "111", "000"}
	queryBits = "101"
)

// The order of the rows by each operator, and the distance of the nearest.
var orders = []struct {
	operator string
	ids      []int32
	nearest  float64
}{
	{"<->", []int32{1, 3, 2}, math.Sqrt2},
	{"<#>", []int32{2, 1, 3}, -12},
	{"<=>", []int32{1, 2, 3}, 1 - 9/math.Sqrt(84)},
	{"<+>", []int32{1, 3, 2}, 2},
}

// Enough rows for an index. At this many dimensions hnsw keeps codes, unless told otherwise.
const dimensions = 64

func manyRow(i int) []float32 {
	row := make([]float32, dimensions)
	for j := range row {
		row[j] = float32((i*7919+j*104729+i*j*31)%1000)/500 - 1
	}
	return row
}

var ctx = context.Background()

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func same(found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("%v instead of %v", found, expected))
	}
}

// An index must find nine of ten.
func overlap(found, expected []int32) {
	common := 0
	for _, id := range found {
		if slices.Contains(expected, id) {
			common++
		}
	}
	if len(found) != len(expected) || common < 9*len(expected)/10 {
		panic(fmt.Sprintf("found %v, nearest are %v", found, expected))
	}
}

// What both a connection and a transaction have.
type querier interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}

// The first column of what a query returns.
func column[T any](db querier, sql string, arguments ...any) []T {
	found, err := db.Query(ctx, sql, arguments...)
	must(err)
	values, err := pgx.CollectRows(found, pgx.RowTo[T])
	must(err)
	return values
}

func one[T any](db querier, sql string, arguments ...any) T {
	return column[T](db, sql, arguments...)[0]
}

func execute(db *pgx.Conn, sql string, arguments ...any) {
	_, err := db.Exec(ctx, sql, arguments...)
	must(err)
}

func sparse(row []float32) pgvector.SparseVector { return pgvector.NewSparseVector(row) }

func bitString(text string) pgtype.Bits {
	bytes := make([]byte, (len(text)+7)/8)
	for i, c := range text {
		if c == '1' {
			bytes[i/8] |= 0x80 >> (i % 8)
		}
	}
	return pgtype.Bits{Bytes: bytes, Len: int32(len(text)), Valid: true}
}

// The ten nearest by a parameter, through `index`, or exactly.
func nearest(db *pgx.Conn, operator string, sent any, index string) []int32 {
	transaction, err := db.Begin(ctx)
	must(err)
	defer func() { _ = transaction.Rollback(ctx) }()
	off := "indexscan"
	if index != "" {
		off = "seqscan"
	}
	for _, setting := range []string{"enable_" + off + " = off", "hnsw.ef_search = 100", "ivfflat.probes = 10"} {
		_, err := transaction.Exec(ctx, "SET LOCAL "+setting)
		must(err)
	}
	sql := "SELECT id FROM many ORDER BY v " + operator + " $1 LIMIT 10"
	if index != "" {
		plan := strings.Join(column[string](transaction, "EXPLAIN "+sql, sent), "\n")
		if !strings.Contains(plan, "Index Scan using "+index+" on") {
			panic("the plan does not use the index:\n" + plan)
		}
	}
	return column[int32](transaction, sql, sent)
}

type check struct {
	what string
	run  func(db *pgx.Conn)
}

var checks = []check{
	{"CREATE EXTENSION IF NOT EXISTS vector", func(db *pgx.Conn) {
		execute(db, "CREATE EXTENSION IF NOT EXISTS vector")
		execute(db, "CREATE EXTENSION IF NOT EXISTS vector")
		one[string](db, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
	}},
	{"RegisterTypes", func(db *pgx.Conn) {
		must(pgxvector.RegisterTypes(ctx, db))
		execute(db, "CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))")
	}},
	{"binary protocol: vector, halfvec, sparsevec, bit", func(db *pgx.Conn) { roundTrip(db, pgx.QueryExecModeCacheStatement) }},
	{"text protocol: vector, halfvec, sparsevec, bit", func(db *pgx.Conn) { roundTrip(db, pgx.QueryExecModeSimpleProtocol) }},
	{"INSERT by SendBatch", func(db *pgx.Conn) {
		batch := &pgx.Batch{}
		for i, row := range rows {
			batch.Queue("INSERT INTO item VALUES ($1, $2, $3, $4, $5)", i+1, pgvector.NewVector(row), pgvector.NewHalfVector(row),
				sparse(row), bitString(bits[i]))
		}
		must(db.SendBatch(ctx, batch).Close())
		same(one[pgvector.Vector](db, "SELECT v FROM item WHERE id = 3").Slice(), rows[2])
	}},
	{"NULLs", func(db *pgx.Conn) {
		var null *pgvector.Vector
		execute(db, "INSERT INTO item VALUES (4, $1, $2, $3, $4)", null, nil, nil, pgtype.Bits{})
		same(one[*pgvector.Vector](db, "SELECT v FROM item WHERE id = 4"), null)
		same(column[*float64](db, "SELECT v <-> $1 FROM item", null), make([]*float64, 4))
		execute(db, "DELETE FROM item WHERE id = 4")
	}},
	{"arrays: vector[], halfvec[], sparsevec[]", func(db *pgx.Conn) {
		vectors := []pgvector.Vector{pgvector.NewVector(rows[0]), pgvector.NewVector(rows[2])}
		same(one[[]pgvector.Vector](db, "SELECT $1::vector[]", vectors), vectors)
		halves := []pgvector.HalfVector{pgvector.NewHalfVector(rows[0]), pgvector.NewHalfVector(rows[2])}
		same(one[[]pgvector.HalfVector](db, "SELECT $1::halfvec[]", halves), halves)
		sparses := []pgvector.SparseVector{sparse(rows[0]), sparse(rows[2])}
		same(one[[]pgvector.SparseVector](db, "SELECT $1::sparsevec[]", sparses), sparses)
		first := pgvector.NewVector(rows[0])
		same(one[[]*pgvector.Vector](db, "SELECT $1::vector[]", []*pgvector.Vector{&first, nil}), []*pgvector.Vector{&first, nil})
		same(column[int32](db, "SELECT id FROM item WHERE v = ANY($1) ORDER BY id", vectors), []int32{1, 3})
	}},
	{"parameters in ORDER BY: every operator, binary and text", func(db *pgx.Conn) {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
			for name, sent := range map[string]any{"v": pgvector.NewVector(query), "h": pgvector.NewHalfVector(query), "s": sparse(query)} {
				for _, order := range orders {
					by := name + " " + order.operator + " $1"
					same(column[int32](db, "SELECT id FROM item ORDER BY "+by+" LIMIT 5", mode, sent), order.ids)
					distance := one[float64](db, "SELECT "+by+" FROM item ORDER BY "+by, mode, sent)
					if math.Abs(distance-order.nearest) > 1e-6*math.Max(1, math.Abs(order.nearest)) {
						panic(fmt.Sprintf("%v instead of %v", distance, order.nearest))
					}
				}
			}
			for _, operator := range []string{"<~>", "<%>"} {
				same(column[int32](db, "SELECT id FROM item ORDER BY b "+operator+" $1", mode, bitString(queryBits)), []int32{1, 2, 3})
			}
		}
	}},
	{"CopyFrom (COPY binary): vector, halfvec, sparsevec, bit, NULL", func(db *pgx.Conn) {
		execute(db, "CREATE TABLE copied (LIKE item)")
		values := [][]any{{int32(4), nil, nil, nil, nil}}
		for i, row := range rows {
			values = append(values, []any{int32(i + 1), pgvector.NewVector(row), pgvector.NewHalfVector(row), sparse(row), bitString(bits[i])})
		}
		copied, err := db.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "v", "h", "s", "b"}, pgx.CopyFromRows(values))
		must(err)
		same(copied, int64(4))
		same(one[int64](db, "SELECT count(*) FROM copied JOIN item USING (id, v, h, s, b)"), int64(3))
		same(one[int64](db, "SELECT count(*) FROM copied WHERE v IS NULL AND h IS NULL AND s IS NULL AND b IS NULL"), int64(1))
	}},
	{"hnsw and ivfflat indexes, asked with a parameter", func(db *pgx.Conn) {
		execute(db, fmt.Sprintf("CREATE TABLE many (id int PRIMARY KEY, v vector(%d))", dimensions))
		_, err := db.CopyFrom(ctx, pgx.Identifier{"many"}, []string{"id", "v"}, pgx.CopyFromSlice(400, func(i int) ([]any, error) {
			return []any{int32(i), pgvector.NewVector(manyRow(i))}, nil
		}))
		must(err)
		row := manyRow(7)
		for j := range row {
			row[j] *= 0.9
		}
		sent := pgvector.NewVector(row)
		for method, options := range map[string]string{"hnsw": "m = 16, ef_construction = 64", "ivfflat": "lists = 10"} {
			for operator, name := range map[string]string{"<->": "l2", "<=>": "cosine", "<#>": "ip"} {
				execute(db, fmt.Sprintf("CREATE INDEX many_index ON many USING %s (v vector_%s_ops) WITH (%s)", method, name, options))
				overlap(nearest(db, operator, sent, "many_index"), nearest(db, operator, sent, ""))
				execute(db, "DROP INDEX many_index")
			}
		}
	}},
	{"a prepared statement", func(db *pgx.Conn) {
		_, err := db.Prepare(ctx, "near", "SELECT id FROM many ORDER BY v <-> $1 LIMIT 1")
		must(err)
		for id := range 8 {
			same(one[int32](db, "near", pgvector.NewVector(manyRow(id))), int32(id))
		}
	}},
	{"a pool that registers types by AfterConnect", func(*pgx.Conn) {
		config, err := pgxpool.ParseConfig("")
		must(err)
		config.AfterConnect = pgxvector.RegisterTypes
		pool, err := pgxpool.NewWithConfig(ctx, config)
		must(err)
		defer pool.Close()
		same(one[pgvector.Vector](pool, "SELECT v FROM item ORDER BY v <-> $1 LIMIT 1", pgvector.NewVector(query)).Slice(), rows[0])
	}},
	{"errors: SQLSTATE and text", func(db *pgx.Conn) {
		_, err := db.Exec(ctx, "INSERT INTO item (id, v) VALUES (9, $1)", pgvector.NewVector([]float32{1, 2}))
		var failure *pgconn.PgError
		if !errors.As(err, &failure) {
			panic("no error of the server")
		}
		same([]string{failure.Code, failure.Message}, []string{"22000", "expected 3 dimensions, not 2"})
	}},
}

func roundTrip(db *pgx.Conn, mode pgx.QueryExecMode) {
	values := []float32{1, 2.5, -3}
	same(one[pgvector.Vector](db, "SELECT $1::vector(3)", mode, pgvector.NewVector(values)).Slice(), values)
	same(one[pgvector.HalfVector](db, "SELECT $1::halfvec(3)", mode, pgvector.NewHalfVector(values)).Slice(), values)
	sent := pgvector.NewSparseVectorFromMap(map[int32]float32{0: 1.5, 70000: -2}, 100000)
	same(one[pgvector.SparseVector](db, "SELECT $1::sparsevec(100000)", mode, sent), sent)
	same(one[pgtype.Bits](db, "SELECT $1::bit(5)", mode, bitString("10110")), bitString("10110"))
}

// Runs a check and says whether it passed.
func passes(run func(*pgx.Conn), db *pgx.Conn) (ok bool) {
	defer func() {
		if reason := recover(); reason != nil {
			fmt.Fprintln(os.Stderr, reason)
			ok = false
		}
	}()
	run(db)
	return true
}

func main() {
	versions := map[string]string{}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range build.Deps {
			versions[dependency.Path] = strings.TrimPrefix(dependency.Version, "v")
		}
	}
	fmt.Printf("# client: pgx | pgx %s, pgvector-go %s\n", versions["github.com/jackc/pgx/v5"],
		versions["github.com/pgvector/pgvector-go"])
	db, err := pgx.Connect(ctx, "")
	must(err)
	status := 0
	for number, check := range checks {
		verdict := "ok"
		if !passes(check.run, db) {
			verdict, status = "not ok", 1
		}
		fmt.Printf("%s %d - pgx: %s\n", verdict, number+1, check.what)
	}
	os.Exit(status)
}
