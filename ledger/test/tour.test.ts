/** docs/ledger.md does what it says: the tour is run, the names of tests in it exist. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { maxMinor } from '../src/domain/money.ts';
import { defaultPageSize } from '../src/edge/routes.ts';
import * as schemas from '../src/edge/schemas.ts';
import * as webhookSchemas from '../src/edge/webhook-schemas.ts';
import { apiKey, createDatabase, startLedger, type TestLedger } from './support/ledger.ts';

const root = resolve(import.meta.dirname, '../..');
const docs = readFileSync(resolve(root, 'docs/ledger.md'), 'utf8');

let ledger: TestLedger;
before(async () => {
  ledger = await startLedger(await createDatabase());
});
after(() => ledger.close());

function sectionOf(title: string): string {
  const found = docs.split(/^## /m).find(section => section.startsWith(`${title}\n`));
  assert.ok(found, `docs/ledger.md has no section ${title}`);
  return found;
}

interface Expectation {
  line: string;
  status: string | undefined;
  fragments: string[];
}

/** One script of all blocks, which marks where the output of each `# →` line ends. */
function scriptOf(blocks: readonly string[]): { script: string; expectations: Expectation[] } {
  const expectations: Expectation[] = [];
  const lines = blocks.flatMap(block => block.split('\n')).map(line => {
    const match = /^# → (?:(\d{3})\b)? ?(.*)$/.exec(line);
    if (!match) return line;
    expectations.push({ line, status: match[1], fragments: match[2]!.split('…').map(one => one.trim()).filter(Boolean) });
    return `echo "@@ ${expectations.length}"`;
  });
  return { script: `set -euo pipefail\n${lines.join('\n')}\n`, expectations };
}

/** Everything is answered by a service in this process, so it must not wait for the shell. */
function runBash(script: string, env: Record<string, string>): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((settle, fail) => {
    const child = spawn('bash', ['--norc', '-c', script], { env, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', data => void (out += data));
    child.stderr.on('data', data => void (err += data));
    child.on('error', fail).on('close', code => settle({ code, out, err }));
  });
}

/** What of the expectation the output does not hold, in order. */
function missing({ status, fragments }: Expectation, output: string): string[] {
  const faults = status !== undefined && !output.trimEnd().endsWith(` ${status}`) ? [`status ${status}`] : [];
  let from = 0;
  for (const fragment of fragments) {
    const at = output.indexOf(fragment, from);
    if (at < 0) faults.push(fragment);
    else from = at + fragment.length;
  }
  return faults;
}

test('the tour: every block runs, in order, and every answer is as it says', async () => {
  const blocks = [...sectionOf('A tour').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(match => match[1]!);
  const { script, expectations } = scriptOf(blocks);
  assert.ok(blocks.length >= 4 && expectations.length >= 20, `${blocks.length} blocks, ${expectations.length} expectations`);
  const { code, out, err } = await runBash(script, { PATH: process.env['PATH']!, LEDGER_URL: ledger.url, LEDGER_API_KEY: apiKey });
  assert.equal(code, 0, `${out}\n${err}`);
  const outputs = out.split(/^@@ \d+\n/m);
  assert.equal(outputs.length, expectations.length + 1);
  const faults = expectations.flatMap((expectation, index) => missing(expectation, outputs[index]!).map(fault => `${expectation.line}\n  lacks ${fault} in ${outputs[index]}`));
  assert.deepEqual(faults, []);
  assert.equal((await ledger.api.get('/v1/trial-balance')).json.currencies.every((one: { differenceMinor: string }) => one.differenceMinor === '0'), true);
});

test('an answer that is not as the tour says is noticed', () => {
  const { expectations: [first] } = scriptOf(['# → 201 "a":"1" … "b":"2"']);
  assert.deepEqual(missing(first!, '{"a":"1","x":0,"b":"2"} 201\n'), []);
  assert.deepEqual(missing(first!, '{"a":"1","b":"2"} 200\n'), ['status 201']);
  assert.deepEqual(missing(first!, '{"b":"2","a":"1"} 201\n'), ['"b":"2"']);
});

test('the table of limits says what the schemas hold', () => {
  const limits = new Map([...sectionOf('Keys, callers, limits').matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].map(([, what, most]) => [what!, [...most!.matchAll(/\d[\d,]*/g)].map(([digits]) => BigInt(digits.replaceAll(',', '')))]));
  const pageMost = (pattern: string) => [1_001, 1_000, 201, 200].find(limit => new RegExp(pattern).test(String(limit)));
  const { metadata, description } = schemas.transferBody.properties;
  const expected: [string, bigint[]][] = [
    ['transfers in a batch', [BigInt(schemas.batchBody.properties.transfers.maxItems)]],
    ['linked transfers', [BigInt(schemas.transactionBody.properties.transfers.maxItems)]],
    ['ids in a lookup', [BigInt(schemas.lookupBody.properties.ids.maxItems)]],
    ['entries or holds in a page', [BigInt(pageMost(schemas.entriesQuery.properties.limit.pattern)!), BigInt(defaultPageSize)]],
    ['events or deliveries in a page', [BigInt(pageMost(webhookSchemas.journalQuery.properties.limit.pattern)!), 100n]],
    ['metadata', [BigInt(metadata.maxProperties), 40n, BigInt(metadata.additionalProperties.maxLength)]],
    ['a description', [BigInt((description.anyOf[0] as { maxLength: number }).maxLength)]],
    ['an amount, a balance', [maxMinor]],
  ];
  for (const [what, values] of expected) assert.deepEqual(limits.get(what), values, what);
});

test('every guarantee names tests that exist', () => {
  const rows = sectionOf('What is guaranteed, and what proves it').split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| guarantee')).map(line => line.split(' | ').at(-1)!);
  assert.ok(rows.length >= 25);
  const faults = rows.flatMap(proof => {
    const named = [...proof.matchAll(/`([\w./-]+\.test\.ts)`((?:,? "[^"]+")+)/g)];
    if (named.length === 0) return [`no test in: ${proof}`];
    return named.flatMap(([, file, titles]) => {
      const path = resolve(root, 'ledger', file!);
      if (!existsSync(path)) return [`${file} does not exist`];
      const source = readFileSync(path, 'utf8');
      return [...titles!.matchAll(/"([^"]+)"/g)].filter(([, title]) => !source.includes(title!)).map(([, title]) => `${file} has no test "${title}"`);
    });
  });
  assert.deepEqual(faults, []);
});
