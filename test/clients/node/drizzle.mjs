// Drizzle, which has pgvector's types of its own; its kit makes the migration.
import { createRequire } from 'node:module';
import { and, asc, eq, isNull, lt, sql } from 'drizzle-orm';
import { cosineDistance, hammingDistance, innerProduct, jaccardDistance, l1Distance, l2Distance } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bit, halfvec, index, integer, pgTable, sparsevec, vector } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { SparseVector } from 'pgvector';
import {
  bitOrder, bits, check, dimensions, finish, many, near, ok, order, overlap, query, queryBits, rows, same, usesIndex,
} from './checks.mjs';

const { generateDrizzleJson, generateMigration } = createRequire(import.meta.url)('drizzle-kit/api');
const pool = new pg.Pool({ max: 2 });
const db = drizzle({ client: pool });

const item = pgTable('item', {
  id: integer().primaryKey(),
  v: vector({ dimensions: 3 }),
  h: halfvec({ dimensions: 3 }),
  s: sparsevec({ dimensions: 3 }),
  b: bit({ dimensions: 3 }),
  several: vector({ dimensions: 3 }).array(),
});
const manyTable = pgTable('many', {
  id: integer().primaryKey(),
  v: vector({ dimensions }),
}, (table) => [
  index('many_hnsw').using('hnsw', table.v.op('vector_l2_ops')).with({ m: 16, ef_construction: 64 }),
  index('many_ivfflat').using('ivfflat', table.v.op('vector_cosine_ops')).with({ lists: 10 }),
]);

const functions = {
  '<->': l2Distance, '<#>': innerProduct, '<=>': cosineDistance, '<+>': l1Distance, '<~>': hammingDistance, '<%>': jaccardDistance,
};

check('CREATE EXTENSION IF NOT EXISTS vector', async () => {
  await db.execute(sql`CREATE EXTENSION IF NOT EXISTS vector`);
  await db.execute(sql`CREATE EXTENSION IF NOT EXISTS vector`);
});

check('a migration by drizzle-kit: tables, hnsw and ivfflat indexes', async () => {
  const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson({ item, manyTable }));
  for (const statement of statements) await db.execute(sql.raw(statement));
  const made = await db.execute(sql`SELECT indexname FROM pg_indexes WHERE indexdef ~ 'USING (hnsw|ivfflat)' ORDER BY 1`);
  same(made.rows, [{ indexname: 'many_hnsw' }, { indexname: 'many_ivfflat' }]);
});

check('insert and select: vector, halfvec, sparsevec, bit, NULL', async () => {
  await db.insert(item).values(Object.entries(rows).map(([id, row]) => ({
    id: Number(id), v: row, h: row, s: new SparseVector(row).toString(), b: bits[id],
  })));
  await db.insert(item).values({ id: 4 });
  const found = await db.select().from(item).orderBy(item.id);
  same(found.map((row) => row.v), [...Object.values(rows), null]);
  same(found.map((row) => row.h), [...Object.values(rows), null]);
  same([found[2].s, found[2].b, found[3].s, found[3].b], [new SparseVector(rows[3]).toString(), bits[3], null, null]);
  same((await db.select().from(item).where(isNull(item.v))).length, 1);
  await db.delete(item).where(eq(item.id, 4));
});

check('arrays of vectors', async () => {
  await db.update(item).set({ several: [rows[1], query] }).where(eq(item.id, 2));
  const found = await db.execute(sql`SELECT cardinality(several) AS number, several[1] <-> several[2] AS distance FROM item WHERE id = 2`);
  same(found.rows[0].number, 2);
  near(found.rows[0].distance, Math.SQRT2);
});

check('parameters in orderBy: every operator', async () => {
  for (const [operator, expected] of [...Object.entries(order), ...Object.entries(bitOrder)]) {
    const columns = operator in bitOrder ? [[item.b, queryBits]] :
      [[item.v, query], [item.h, query], [item.s, new SparseVector(query).toString()]];
    for (const [column, sent] of columns) {
      const found = await db.select({ id: item.id }).from(item).orderBy(asc(functions[operator](column, sent))).limit(5);
      same(found.map((row) => row.id), expected);
    }
  }
});

check('a distance as a column and in where', async () => {
  const distance = l2Distance(item.v, query);
  const found = await db.select({ id: item.id, distance }).from(item).where(and(lt(distance, 2), lt(item.id, 9)));
  same(found.map((row) => row.id), [1]);
  near(Number(found[0].distance), Math.SQRT2);
});

async function ask(distance, name) {
  return db.transaction(async (transaction) => {
    await transaction.execute(sql.raw(`SET LOCAL enable_${name ? 'seqscan' : 'indexscan'} = off`));
    await transaction.execute(sql`SET LOCAL hnsw.ef_search = 100`);
    await transaction.execute(sql`SET LOCAL ivfflat.probes = 10`);
    const select = transaction.select({ id: manyTable.id }).from(manyTable).orderBy(distance).limit(10);
    if (name) {
      const plan = await transaction.execute(sql`EXPLAIN ${select.getSQL()}`);
      usesIndex(plan.rows.map((row) => row['QUERY PLAN']), name);
    }
    return (await select).map((row) => row.id);
  });
}

check('hnsw and ivfflat indexes, asked by the query builder', async () => {
  await db.insert(manyTable).values(many.map((v, id) => ({ id, v })));
  // An ivfflat index takes its centroids from the rows that are there.
  await db.execute(sql`REINDEX INDEX many_ivfflat`);
  const sent = many[7].map((x) => 0.9 * x);
  overlap(await ask(l2Distance(manyTable.v, sent), 'many_hnsw'), await ask(l2Distance(manyTable.v, sent)));
  overlap(await ask(cosineDistance(manyTable.v, sent), 'many_ivfflat'), await ask(cosineDistance(manyTable.v, sent)));
});

check('a prepared query with a placeholder', async () => {
  const prepared = db.select({ id: manyTable.id }).from(manyTable)
    .orderBy(sql`${manyTable.v} <-> ${sql.placeholder('v')}`).limit(1).prepare('near');
  for (let id = 0; id < 8; id++) same(await prepared.execute({ v: JSON.stringify(many[id]) }), [{ id }]);
});

check('errors: SQLSTATE', async () => {
  try {
    await db.insert(item).values({ id: 9, v: [1, 2] });
  } catch (error) {
    same([error.cause.code, error.cause.message], ['22000', 'expected 3 dimensions, not 2']);
    return;
  }
  throw new Error('no error');
});

await finish('Drizzle', 'drizzle-orm', 'drizzle-kit', 'pg', 'pgvector');
await pool.end();
