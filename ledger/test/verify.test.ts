/** An exported journal is verified without its database; whatever is done to the file is found. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { exportLines } from '../src/adapters/journalExport.ts';
import { batchDigest, linkHash } from '../src/domain/chain.ts';
import { toRow, type FileLine, type HeaderLine, type LinkLine, type RowLine } from '../src/domain/journalFile.ts';
import { KeySet } from '../src/domain/keySet.ts';
import { Verifier, type Noted, type Verdict } from '../src/domain/verify.ts';
import { openWriter, writeEveryKind } from './support/everyKind.ts';
import { createDatabase, type TestDatabase } from './support/ledger.ts';

const folder = mkdtempSync(join(tmpdir(), 'airpay-verify-'));
let database: TestDatabase;
let lines: FileLine[];
before(async () => {
  database = await createDatabase();
  const writer = openWriter(database);
  await writeEveryKind(writer).finally(() => writer.close());
  const client = new pg.Client({ connectionString: database.url('ledger_readonly') });
  await client.connect();
  lines = [];
  for await (const line of exportLines(client)) lines.push(line as FileLine);
  await client.end();
});
after(() => rmSync(folder, { recursive: true, force: true }));

function verify(file: readonly (FileLine | string)[], noted: Noted = {}): Verdict {
  const verifier = new Verifier(noted);
  for (const line of file) verifier.take(typeof line === 'string' ? line : JSON.stringify(line));
  return verifier.finish();
}

const copy = (): FileLine[] => structuredClone(lines);
const linkIndexes = () => lines.flatMap((line, index) => (line.type === 'link' ? [index] : []));
const rowIndexes = () => lines.flatMap((line, index) => (line.type === 'row' ? [index] : []));

test('an untouched journal passes: every hash that the database computed is computed again, every command decided again', async () => {
  const [head] = await database.as('ledger_readonly', "SELECT n::text, encode(hash, 'hex') AS hash, (SELECT encode(hash, 'hex') FROM ledger.genesis) AS genesis FROM ledger.head");
  const verdict = verify(lines, { head: String(head!['hash']), from: String(head!['genesis']) });
  assert.deepEqual(verdict.examples, []);
  assert.equal(verdict.faults, 0);
  assert.equal(verdict.head, head!['hash']);
  assert.equal(String(verdict.links), head!['n']);
  assert.equal(verdict.rows, rowIndexes().length);
  assert.ok(verdict.rows > 140 && verdict.payments > 5 && verdict.accounts > 10);
  const kinds = new Set(lines.flatMap(line => (line.type === 'row' ? [line.kind] : [])));
  assert.deepEqual([...kinds].sort(), ['account', 'capture', 'conversion', 'decline', 'expiry', 'fee', 'hold', 'refund', 'reversal', 'settlement', 'transfer', 'void']);
});

/** Another value of the same sort. */
function other(value: unknown, salt: number): unknown {
  if (typeof value === 'number') return value + 1 + salt;
  if (value === null) return ['1', 'x', '0'.repeat(64), 7, {}][salt % 5];
  if (typeof value !== 'string') return { ...(value as object), x: '1' };
  if (value === '') return 'x';
  const place = salt % value.length;
  const letter = value[place]!;
  const changed = /[0-9]/.test(letter) ? String((Number(letter) + 1 + (salt % 8)) % 10) : letter === 'b' ? 'c' : 'b';
  return value.slice(0, place) + (changed === letter ? 'c' : changed) + value.slice(place + 1);
}

function paths(value: object, prefix: string[] = []): string[][] {
  return Object.entries(value).flatMap(([name, field]) => [[...prefix, name], ...(field !== null && typeof field === 'object' ? paths(field as object, [...prefix, name]) : [])]);
}

function flip(line: FileLine, which: number, salt: number): string {
  const all = paths(line);
  const path = all[which % all.length]!;
  let at = line as unknown as Record<string, unknown>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = path.at(-1)!;
  at[last] = other(at[last], salt);
  return path.join('.');
}

/** Seals a link anew, as somebody would who knows how. */
function reseal(file: FileLine[], at: number, prevHash = (file[at] as LinkLine).prevHash): void {
  const link = file[at] as LinkLine;
  const rows = file.slice(at + 1, at + 1 + link.count) as RowLine[];
  link.digest = batchDigest(rows.map(row => toRow(row, BigInt(link.atUs))), link).toString('hex');
  link.prevHash = prevHash;
  link.hash = linkHash({ n: BigInt(link.n), firstPosition: BigInt(link.firstPosition), count: link.count, atUs: BigInt(link.atUs), digest: Buffer.from(link.digest, 'hex'), totals: link.totals, prevHash: Buffer.from(prevHash, 'hex') }).toString('hex');
}

const anyNumber = fc.nat(1_000_000);
const tamper: Record<string, (file: FileLine[], a: number, b: number, c: number) => (FileLine | string)[] | undefined> = {
  'a field is changed': (file, a, b, c) => void flip(file[a % file.length]!, b, c),
  'a field is added': (file, a) => void Object.assign(file[a % file.length]!, { extra: 1 }),
  'a field is removed': (file, a, b) => {
    const line = file[a % file.length]! as unknown as Record<string, unknown>;
    const names = Object.keys(line);
    delete line[names[b % names.length]!];
    return undefined;
  },
  'a character is changed': (file, a, b) => {
    const text = JSON.stringify(file[a % file.length]);
    const place = b % text.length;
    // A quote, so that no other spelling of the same comes out.
    const changed = text[place] === '"' ? 'x' : '"';
    return file.with(a % file.length, (text.slice(0, place) + changed + text.slice(place + 1)) as never);
  },
  'a line is dropped': (file, a) => void file.splice(a % file.length, 1),
  'a line is doubled': (file, a) => void file.splice(a % file.length, 0, file[a % file.length]!),
  'a line is added elsewhere': (file, a, b) => void file.splice(b % file.length, 0, structuredClone(file[a % file.length]!)),
  'two lines are swapped': (file, a, b) => {
    const [from, to] = [a % file.length, (a + 1 + (b % (file.length - 1))) % file.length];
    [file[from], file[to]] = [file[to]!, file[from]!];
    return undefined;
  },
  'the end is cut off': (file, a) => void (file.length -= 1 + (a % (file.length - 1))),
  'the end is cut off at a link': (file, a) => {
    const at = linkIndexes();
    file.length = at[a % at.length]!;
    return undefined;
  },
  'totals are changed': (file, a) => {
    const at = linkIndexes().slice(20);
    const link = file[at[a % at.length]!] as LinkLine;
    link.totals['USD'] = (BigInt(link.totals['USD']!) + 1n).toString();
    return undefined;
  },
  'a row is changed and its link sealed anew': (file, a, b, c) => {
    const at = linkIndexes();
    const index = at[a % (at.length - 1)]!;
    const link = file[index] as LinkLine;
    Object.assign(file[index + 1 + (b % link.count)]!, { requestId: `x${c}` });
    reseal(file, index);
    return undefined;
  },
};

for (const [name, change] of Object.entries(tamper)) {
  test(`found: ${name}`, () => {
    fc.assert(fc.property(anyNumber, anyNumber, anyNumber, (a, b, c) => {
      const file = copy();
      const verdict = verify(change(file, a, b, c) ?? file);
      assert.ok(verdict.faults > 0 && verdict.examples.length > 0);
    }), { numRuns: 150 });
  });
}

test('whatever stands in a line, it is found and breaks nothing', () => {
  fc.assert(fc.property(anyNumber, anyNumber, fc.oneof(fc.jsonValue(), fc.constantFrom('-1', '9223372036854775808', '1e3', '__proto__', -1, 2 ** 40, [])), (a, b, value) => {
    const file = copy();
    const line = file[a % file.length]! as unknown as Record<string, unknown>;
    const name = Object.keys(line)[b % Object.keys(line).length]!;
    fc.pre(JSON.stringify(line[name]) !== JSON.stringify(value));
    line[name] = value;
    assert.ok(verify(file).faults > 0);
  }), { numRuns: 200 });
  fc.assert(fc.property(anyNumber, fc.oneof(fc.string(), fc.json()), (a, text) => {
    assert.ok(verify([...lines.slice(0, a % lines.length), text, ...lines.slice((a % lines.length) + 1)]).faults > 0);
  }), { numRuns: 100 });
  for (const file of [[], [''], ['{}'], [lines[0]!, lines[0]!], lines.slice(1)]) assert.ok(verify(file).faults > 0);
});

test('every single field of one line of each type and kind is guarded', () => {
  const seen = new Set<string>();
  lines.forEach((line, index) => {
    const sort = line.type === 'row' ? `row ${line.kind}` : line.type;
    if (seen.has(sort)) return;
    seen.add(sort);
    paths(line).forEach((_, which) => {
      const file = copy();
      const changed = flip(file[index]!, which, 3);
      assert.ok(verify(file).faults > 0, `${sort}: ${changed}`);
    });
  });
  assert.ok(seen.size >= 16);
});

/** The whole rest of the chain made anew: what only a noted hash can tell. */
function rewrite(file: FileLine[], from: number): void {
  let prevHash = (file[from] as LinkLine).prevHash;
  for (const index of linkIndexes().filter(at => at >= from)) {
    reseal(file, index, prevHash);
    prevHash = (file[index] as LinkLine).hash;
  }
  (file[0] as HeaderLine).hash = prevHash;
}

test('a history rewritten to its end, or cut with its header rewritten, is found by the head that was noted, and by nothing else', () => {
  const noted = (lines[0] as HeaderLine).hash;
  const early = (lines[linkIndexes()[5]!] as LinkLine).hash;
  const late = (lines[linkIndexes()[30]!] as LinkLine).hash;
  const file = copy();
  const changed = linkIndexes()[20]!;
  (file[changed + 1] as RowLine).description = 'another story';
  rewrite(file, changed);
  assert.equal(verify(file).examples.join('\n'), '');
  assert.equal(verify(file, { from: early }).faults, 0);
  assert.match(verify(file, { head: noted }).examples.join(), /does not end with the hash that was noted/);
  assert.match(verify(file, { from: late }).examples.join(), /no link has the hash that was noted/);
});

test('money that a rewritten history makes out of nothing is found although every hash fits', () => {
  const file = copy();
  const at = linkIndexes().find(index => lines.slice(index + 1, index + 2).some(line => line.type === 'row' && line.kind === 'transfer' && line.legs === 1))!;
  const row = file[at + 1] as RowLine;
  row.amountMinor = (BigInt(row.amountMinor!) + 5n).toString();
  rewrite(file, at);
  const found = verify(file).examples.join('\n');
  assert.match(found, /it should be/);
  assert.match(found, /says other totals than its rows make/);
  assert.match(found, /decided again/);
});

test('account ids that were swapped are found, also when everything else was made to fit', () => {
  const file = copy();
  const [a, b] = ['payer', 'shop'].map(id => file.find(line => line.type === 'account' && line.tenant === 'default' && line.id === id) as Extract<FileLine, { type: 'account' }>);
  [a!.id, b!.id] = [b!.id, a!.id];
  for (const line of file) {
    if (line.type === 'row') for (const side of ['debitId', 'creditId'] as const) if (line.tenant === 'default') line[side] = line[side] === 'payer' ? 'shop' : line[side] === 'shop' ? 'payer' : line[side];
  }
  assert.match(verify(file).examples.join('\n'), /opened another account than default\/shop is now/);
});

test('a key used twice is found among many', () => {
  const keys = new KeySet();
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 300 }), texts => {
    const set = new KeySet();
    for (const text of texts) assert.equal(set.add(text), true);
    for (const text of texts) assert.equal(set.add(text), false);
  }), { numRuns: 20 });
  for (let n = 0; n < 20_000; n++) assert.equal(keys.add(`default/${n}`), true);
  for (let n = 0; n < 20_000; n += 97) assert.equal(keys.add(`default/${n}`), false);
});

test('export and verify as programs: 0 when nothing was changed, 1 with the line named, 2 when they cannot read', () => {
  const run = (program: string, args: string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [resolve(import.meta.dirname, `../src/${program}.ts`), ...args], { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8', timeout: 30_000, maxBuffer: 1 << 26 });
  const exported = run('export', [], { LEDGER_AUDIT_DATABASE_URL: database.url('ledger_readonly'), LEDGER_DATABASE_TLS: 'disable' });
  assert.equal(exported.status, 0, exported.stderr);
  const file = join(folder, 'journal.jsonl');
  writeFileSync(file, exported.stdout);
  const head = (lines[0] as HeaderLine).hash;
  const good = run('verify', [file, '--head', head, '--from', (lines[0] as HeaderLine).genesis]);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  assert.match(good.stdout, /nothing was changed/);
  assert.equal(run('verify', [file, '--head', '0'.repeat(64)]).status, 1);
  const texts = exported.stdout.split('\n');
  const at = texts.findIndex(text => text.includes('"kind":"reversal"'));
  writeFileSync(file, texts.with(at, texts[at]!.replace('"amountMinor":"11"', '"amountMinor":"12"')).join('\n'));
  const bad = run('verify', [file]);
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, new RegExp(`^line ${at + 1}: position \\d+ `, 'm'));
  writeFileSync(file, exported.stdout.slice(0, -20));
  assert.equal(run('verify', [file]).status, 1);
  for (const args of [[], ['/nowhere/journal'], [file, '--head', 'short'], [file, '--what']]) assert.equal(run('verify', args).status, 2, args.join(' '));
  assert.equal(run('export', [], { LEDGER_AUDIT_DATABASE_URL: 'postgresql://ledger_readonly@127.0.0.1:1/none', LEDGER_DATABASE_TLS: 'disable' }).status, 2);
});
