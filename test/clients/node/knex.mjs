// Knex with pgvector's extensions of its builders.
import knex from 'knex';
import { SparseVector } from 'pgvector';
import pgvector from 'pgvector/knex';
import {
  bitOrder, bits, check, connection, dimensions, finish, many, near, ok, order, overlap, query, queryBits, rows, same, usesIndex,
} from './checks.mjs';

const db = knex({ client: 'pg', connection, pool: { min: 1, max: 2 } });
const methods = {
  '<->': 'l2Distance', '<#>': 'maxInnerProduct', '<=>': 'cosineDistance', '<+>': 'l1Distance', '<~>': 'hammingDistance',
  '<%>': 'jaccardDistance',
};

check('schema.enableExtension', async () => {
  await db.schema.enableExtension('vector');
  await db.schema.enableExtension('vector');
  ok((await db('pg_extension').where('extname', 'vector').first()).extversion);
});

check('schema.createTable: vector, halfvec, sparsevec, bit, and an hnsw index', async () => {
  await db.schema.createTable('item', (table) => {
    table.integer('id').primary();
    table.vector('v', { dimensions: 3 });
    table.halfvec('h', { dimensions: 3 });
    table.sparsevec('s', { dimensions: 3 });
    table.bit('b', { length: 3 });
    table.index(db.raw('v vector_l2_ops'), 'item_v', 'hnsw');
  });
  const index = await db('pg_indexes').where('indexname', 'item_v').first();
  ok(/USING hnsw \(v\b/.test(index.indexdef), index.indexdef);
});

check('insert and select: vector, halfvec, sparsevec, bit, NULL', async () => {
  await db('item').insert(Object.entries(rows).map(([id, row]) => ({
    id, v: pgvector.toSql(row), h: pgvector.toSql(row), s: pgvector.toSql(new SparseVector(row)), b: bits[id],
  })));
  await db('item').insert({ id: 4 });
  const found = await db('item').orderBy('id');
  same(found.map((row) => row.v && pgvector.fromSql(row.v)), [...Object.values(rows), null]);
  same(found[2].b, bits[3]);
  same([found[3].h, found[3].s, found[3].b], [null, null, null]);
  await db('item').where('id', 4).delete();
});

check('parameters in orderBy: every operator', async () => {
  for (const [operator, expected] of [...Object.entries(order), ...Object.entries(bitOrder)]) {
    const columns = operator in bitOrder ? [['b', queryBits]] : [['v', query], ['h', query], ['s', new SparseVector(query)]];
    for (const [column, sent] of columns) {
      const found = await db('item').orderBy(db[methods[operator]](column, sent)).limit(5);
      same(found.map((row) => row.id), expected);
    }
  }
});

check('a distance as a column and in where', async () => {
  const found = await db('item').select('id', db.raw('? as distance', [db.l2Distance('v', query)]))
    .where(db.l2Distance('v', query), '<', 2);
  same(found.map((row) => row.id), [1]);
  near(found[0].distance, Math.SQRT2);
});

async function ask(distance, index) {
  return db.transaction(async (transaction) => {
    await transaction.raw(`SET LOCAL enable_${index ? 'seqscan' : 'indexscan'} = off`);
    await transaction.raw('SET LOCAL hnsw.ef_search = 100');
    // All lists of an index without options, which the builder cannot give.
    await transaction.raw('SET LOCAL ivfflat.probes = 100');
    const select = transaction('many').select('id').orderBy(distance).limit(10);
    if (index) {
      const { sql, bindings } = select.toSQL();
      usesIndex((await transaction.raw(`EXPLAIN ${sql}`, bindings)).rows.map((row) => row['QUERY PLAN']), index);
    }
    return (await select).map((row) => row.id);
  });
}

check('hnsw and ivfflat indexes, asked by the query builder', async () => {
  await db.schema.createTable('many', (table) => {
    table.integer('id').primary();
    table.vector('v', dimensions);
  });
  await db.batchInsert('many', many.map((row, id) => ({ id, v: pgvector.toSql(row) })), 100);
  for (const method of ['hnsw', 'ivfflat']) {
    await db.schema.alterTable('many', (table) => table.index(db.raw('v vector_l2_ops'), 'many_index', method));
    const distance = db.l2Distance('v', many[7].map((x) => 0.9 * x));
    overlap(await ask(distance, 'many_index'), await ask(distance));
    await db.schema.alterTable('many', (table) => table.dropIndex([], 'many_index'));
  }
});

check('errors: SQLSTATE', async () => {
  try {
    await db('item').insert({ id: 9, v: pgvector.toSql([1, 2]) });
  } catch (error) {
    same(error.code, '22000');
    ok(error.message.endsWith('expected 3 dimensions, not 2'), error.message);
    return;
  }
  throw new Error('no error');
});

await finish('Knex', 'knex', 'pg', 'pgvector');
await db.destroy();
