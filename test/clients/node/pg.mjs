// node-postgres with pgvector's type parsers. It reads results as text only: a field of a row is a string to it.
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import pgvector from 'pgvector/pg';
import { SparseVector } from 'pgvector';
import {
  bitOrder, bits, check, dimensions, finish, many, near, nearest, ok, order, overlap, query, queryBits, rows, same, usesIndex,
} from './checks.mjs';

const db = new pg.Client();
await db.connect();
const values = async (sql, parameters) => (await db.query({ text: sql, values: parameters, rowMode: 'array' })).rows;

check('CREATE EXTENSION IF NOT EXISTS vector', async () => {
  await db.query('CREATE EXTENSION IF NOT EXISTS vector');
  await db.query('CREATE EXTENSION IF NOT EXISTS vector');
  ok((await values("SELECT extversion FROM pg_extension WHERE extname = 'vector'"))[0][0]);
});

check('registerTypes', async () => {
  await pgvector.registerTypes(db);
  await db.query('CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))');
});

check('text protocol: vector, halfvec, sparsevec, bit', async () => {
  const sparse = new SparseVector({ 0: 1.5, 70000: -2 }, 100000);
  same(await values('SELECT $1::vector(3), $1::halfvec(3), $2::sparsevec(100000), $3::bit(5)',
    [pgvector.toSql([1, 2.5, -3]), pgvector.toSql(sparse), '10110']), [[[1, 2.5, -3], [1, 2.5, -3], sparse, '10110']]);
});

check('binary parameters', async () => {
  const floats = Buffer.alloc(16);
  floats.writeUInt16BE(3, 0);
  [1, 2.5, -3].forEach((x, i) => floats.writeFloatBE(x, 4 + 4 * i));
  // A buffer is sent in the binary format.
  same(await values('SELECT $1::vector', [floats]), [[[1, 2.5, -3]]]);
});

check('INSERT', async () => {
  for (const [id, row] of Object.entries(rows)) {
    await db.query('INSERT INTO item VALUES ($1, $2, $3, $4, $5)',
      [id, pgvector.toSql(row), pgvector.toSql(row), pgvector.toSql(new SparseVector(row)), bits[id]]);
  }
  same(await values('SELECT v, h, s, b FROM item WHERE id = 3'), [[rows[3], rows[3], new SparseVector(rows[3]), bits[3]]]);
});

check('NULLs', async () => {
  await db.query('INSERT INTO item VALUES ($1, $2, $3, $4, $5)', [4, null, null, null, null]);
  same(await values('SELECT v, h, s, b FROM item WHERE id = 4'), [[null, null, null, null]]);
  same(await values('SELECT v <-> $1 FROM item', [null]), [[null], [null], [null], [null]]);
  await db.query('DELETE FROM item WHERE id = 4');
});

check('arrays of vectors as parameters', async () => {
  const sent = [rows[1], rows[3]].map((row) => pgvector.toSql(row));
  same(await values('SELECT id FROM item WHERE v = ANY($1::vector[]) ORDER BY id', [sent]), [[1], [3]]);
  same(await values('SELECT cardinality($1::halfvec[]), ($1::halfvec[])[2] IS NULL', [[sent[0], null, sent[1]]]), [[3, true]]);
});

check('parameters in ORDER BY: every operator', async () => {
  for (const [column, sent] of [['v', query], ['h', query], ['s', new SparseVector(query)]]) {
    for (const [operator, expected] of Object.entries(order)) {
      const found = await values(`SELECT id, ${column} ${operator} $1 FROM item ORDER BY ${column} ${operator} $1 LIMIT 5`,
        [pgvector.toSql(sent)]);
      same(found.map((row) => row[0]), expected);
      near(found[0][1], nearest[operator]);
    }
  }
  for (const [operator, expected] of Object.entries(bitOrder)) {
    same((await values(`SELECT id FROM item ORDER BY b ${operator} $1`, [queryBits])).map((row) => row[0]), expected);
  }
});

check('COPY in and out, text and binary', async () => {
  await db.query('CREATE TABLE copied (LIKE item)');
  const lines = Object.entries(rows).map(([id, row]) =>
    `${id}\t${pgvector.toSql(row)}\t${pgvector.toSql(row)}\t${pgvector.toSql(new SparseVector(row))}\t${bits[id]}\n`);
  await pipeline(Readable.from([...lines, '4\t\\N\t\\N\t\\N\t\\N\n']), db.query(copyFrom('COPY copied FROM STDIN')));
  const chunks = [];
  for await (const chunk of db.query(copyTo('COPY copied TO STDOUT WITH (FORMAT BINARY)'))) chunks.push(chunk);
  await db.query('TRUNCATE copied');
  await pipeline(Readable.from(chunks), db.query(copyFrom('COPY copied FROM STDIN WITH (FORMAT BINARY)')));
  same(await values('SELECT count(*)::int, count(v)::int FROM copied'), [[4, 3]]);
  same(await values('SELECT count(*)::int FROM copied JOIN item USING (id, v, h, s, b)'), [[3]]);
});

async function ask(operator, sent, index) {
  const sql = `SELECT id FROM many ORDER BY v ${operator} $1 LIMIT 10`;
  await db.query('BEGIN');
  try {
    await db.query(`SET LOCAL enable_${index ? 'seqscan' : 'indexscan'} = off`);
    await db.query('SET LOCAL hnsw.ef_search = 100');
    await db.query('SET LOCAL ivfflat.probes = 10');
    if (index) usesIndex((await values(`EXPLAIN ${sql}`, [sent])).flat(), index);
    return (await values(sql, [sent])).flat();
  } finally {
    await db.query('ROLLBACK');
  }
}

check('hnsw and ivfflat indexes, asked with a parameter', async () => {
  await db.query(`CREATE TABLE many (id int PRIMARY KEY, v vector(${dimensions}))`);
  await pipeline(Readable.from(many.map((row, id) => `${id}\t${pgvector.toSql(row)}\n`)), db.query(copyFrom('COPY many FROM STDIN')));
  const sent = pgvector.toSql(many[7].map((x) => 0.9 * x));
  for (const [method, options] of [['hnsw', 'm = 16, ef_construction = 64'], ['ivfflat', 'lists = 10']]) {
    for (const [operator, name] of [['<->', 'l2'], ['<=>', 'cosine'], ['<#>', 'ip']]) {
      await db.query(`CREATE INDEX many_index ON many USING ${method} (v vector_${name}_ops) WITH (${options})`);
      overlap(await ask(operator, sent, 'many_index'), await ask(operator, sent));
      await db.query('DROP INDEX many_index');
    }
  }
});

check('a named prepared statement', async () => {
  for (let id = 0; id < 8; id++) {
    const found = await db.query({ name: 'near', text: 'SELECT id FROM many ORDER BY v <-> $1 LIMIT 1', values: [pgvector.toSql(many[id])] });
    same(found.rows, [{ id }]);
  }
});

check('errors: SQLSTATE and text', async () => {
  try {
    await db.query('INSERT INTO item (id, v) VALUES (9, $1)', [pgvector.toSql([1, 2])]);
  } catch (error) {
    same([error.code, error.message], ['22000', 'expected 3 dimensions, not 2']);
    return;
  }
  throw new Error('no error');
});

await finish('node-postgres', 'pg', 'pgvector', 'pg-copy-streams');
await db.end();
