// What the programs in Node share: the lines that they print, and the vectors that they store. See ../README.md.
import { deepStrictEqual, ok } from 'node:assert';
import { readFileSync } from 'node:fs';

// Three rows and a query. No two distances by one operator are equal, and float16 holds every value.
export const rows = { 1: [1, 2, 3], 2: [3, 3, 3], 3: [-1, 0.5, 4] };
export const query = [1, 1, 2];
export const bits = { 1: '101', 2: '111', 3: '000' };
export const queryBits = '101';

// The order of the rows by each operator, nearest first.
export const order = { '<->': [1, 3, 2], '<#>': [2, 1, 3], '<=>': [1, 2, 3], '<+>': [1, 3, 2] };
export const bitOrder = { '<~>': [1, 2, 3], '<%>': [1, 2, 3] };
export const nearest = { '<->': Math.SQRT2, '<#>': -12, '<=>': 1 - 9 / Math.sqrt(84), '<+>': 2 };

// Enough rows for an index. At this many dimensions hnsw keeps codes, unless told otherwise.
export const dimensions = 64;
export const many = Array.from({ length: 400 }, (_, i) =>
  Array.from({ length: dimensions }, (_, j) => ((i * 7919 + j * 104729 + i * j * 31) % 1000) / 500 - 1));

export function near(a, b) {
  ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `${a} instead of ${b}`);
}

// An index must find nine of ten.
export function overlap(found, expected) {
  ok(found.length === expected.length && found.filter((id) => expected.includes(id)).length >= 0.9 * expected.length,
    `found ${found}, nearest are ${expected}`);
}

export function usesIndex(plan, index) {
  ok(plan.some((line) => line.includes(`Index Scan using ${index} on`)), `the plan does not use ${index}:\n${plan.join('\n')}`);
}

export const connection = {
  host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER, database: process.env.PGDATABASE,
};

const checks = [];

export function check(what, run) {
  checks.push([what, run]);
}

// Runs the checks in their order and prints a line for each. The client's package comes first.
export async function finish(name, ...packages) {
  const versions = packages.map((name) => {
    const file = new URL(`./node_modules/${name}/package.json`, import.meta.url);
    return `${name} ${JSON.parse(readFileSync(file)).version}`;
  });
  console.log(`# client: ${name} | ${versions.join(', ')}`);
  let failed = 0;
  for (const [number, [what, run]] of checks.entries()) {
    let verdict = 'ok';
    try {
      await run();
    } catch (error) {
      console.error(error);
      verdict = 'not ok';
      failed++;
    }
    console.log(`${verdict} ${number + 1} - ${name}: ${what}`);
  }
  process.exitCode = failed ? 1 : 0;
}

export { deepStrictEqual as same, ok };
