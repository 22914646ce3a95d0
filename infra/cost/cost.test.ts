import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diffAgainst, render, renderDiff, target } from './cost.ts';
import { atCommit, readInputs, root, workingTree, type Inputs } from './inputs.ts';
import { priceOf, sheetOf, totalOf } from './lines.ts';
import { cents, dollars, exact, plain, times } from './money.ts';

const inputs = await readInputs(workingTree);
const copy = (change: (one: Inputs) => void): Inputs => {
  const one = structuredClone(inputs);
  change(one);
  return one;
};
const production = 'payments-prod-region-a';

test('the page is what the inputs give today', () => {
  assert.equal(readFileSync(target, 'utf8'), render(inputs), 'run node infra/cost/cost.ts');
});

test('every amount on the page is its quantity times its price, every sum the sum of its lines: computed anew from the text', () => {
  // In another way than the program: long multiplication on whole strings of digits, and the sums from the printed amounts.
  const parts = (text: string) => ({ digits: BigInt(text.replace('.', '')), places: text.split('.')[1]?.length ?? 0 });
  const page = readFileSync(target, 'utf8');
  const inCents = (text: string) => BigInt(text.replace(/[.,]/g, ''));
  let lines = 0;
  let [all, allUnpriced] = [0n, 0];
  for (const section of page.split('\n### ').slice(1).map(text => text.split('\n## ')[0]!)) {
    let [sum, unpriced] = [0n, 0];
    for (const [, quantity, price, amount] of section.matchAll(/^\| [^|]+ \| [a-z0-9-]+ \| ([\d.]+) \| [^|]+ \| ([\d.]+|no price) \| ([\d.,]+|no price) \|$/gm)) {
      lines++;
      if (price === 'no price') {
        assert.equal(amount, 'no price');
        unpriced++;
        continue;
      }
      const [one, other] = [parts(quantity!), parts(price!)];
      const over = 10n ** BigInt(one.places + other.places);
      const wanted = (one.digits * other.digits * 1000n / over + 5n) / 10n;
      assert.equal(inCents(amount!), wanted, `${section.split('\n')[0]}: ${quantity} × ${price}`);
      sum += inCents(amount!);
    }
    const told = /: (?:at least )?\$([\d.,]+)(?:; (\d+) lines? ha(?:s|ve) no price)?\.\n/.exec(section.slice(section.lastIndexOf('|')))!;
    assert.deepEqual([inCents(told[1]!), Number(told[2] ?? 0)], [sum, unpriced], section.split('\n')[0]);
    all += sum;
    allUnpriced += unpriced;
  }
  const told = /^\*\*All: at least \$([\d.,]+); (\d+) lines have no price\.\*\*$/m.exec(page)!;
  assert.deepEqual([inCents(told[1]!), Number(told[2])], [all, allUnpriced]);
  assert.ok(lines > 50 && lines === sheetOf(inputs).length, `${lines} lines`);
});

test('as many NAT addresses, disks and machines are paid as are built', () => {
  const lines = sheetOf(inputs);
  const of = (site: string, sku: string) => lines.filter(line => line.site === site && line.sku === sku).map(line => plain(line.quantity));
  for (const [name, site] of Object.entries(inputs.estate.sites)) {
    assert.deepEqual(of(name, 'external-address'), [String(site.zones.length * 730)], name);
    const cluster = inputs.estate.databases[name];
    if (cluster) assert.deepEqual(of(name, 'pd-ssd'), [String(cluster.members.length * (cluster.dataDiskGb + inputs.modules.database.etcdDiskGb))]);
  }
  const nlb = sheetOf(copy(one => { one.modules.nat.mode = 'nlb'; })).find(line => line.site === production && line.what.includes('NAT, one a zone'))!;
  assert.match(nlb.what, /^3 × /);
});

test('a size changed in the estate or in a module changes its lines and nothing else', () => {
  const before = sheetOf(inputs);
  const larger = copy(one => { one.estate.databases[production]!.dataDiskGb = 1000; });
  const difference = totalOf(sheetOf(larger)).cents - totalOf(before).cents;
  assert.equal(difference, cents(exact(3 * 500), exact('0.17')));
  const diff = renderDiff(before, sheetOf(larger));
  assert.equal(diff.split('\n').filter(line => line.startsWith(`| ${production} |`)).length, 1);
  assert.match(diff, new RegExp(`Change: \\+${dollars(difference).replace('.', '\\.')} USD a month`));
  assert.match(renderDiff(before, before), /^No line of the cost sheet changes/);
  assert.ok(totalOf(sheetOf(copy(one => { one.modules.nodes.systemPerZone = 2; }))).cents > totalOf(before).cents);
});

test('a price without a source is none, and a total with a line without a price says so', () => {
  const torn = copy(one => { one.table.prices['pd-ssd']!.source = 'memory'; });
  assert.throws(() => sheetOf(torn), /pd-ssd: the source "memory" has no address/);
  const without = copy(one => { delete one.table.prices['pd-ssd']; });
  assert.equal(totalOf(sheetOf(without)).unpriced, totalOf(sheetOf(inputs)).unpriced + 3);
  assert.match(render(without), /\| data and etcd disks of 3 members \| pd-ssd \| 1530 \|  \| no price \| no price \|/);
  assert.match(render(inputs), /\*\*All: at least /);
});

test('each price in the table says where it was read, when, and is an exact decimal', () => {
  const { prices, sources } = inputs.table;
  for (const [sku, { unit, source, at }] of Object.entries(prices)) {
    assert.ok(unit && sources[source]?.url.startsWith('https://') && sources[source]?.what, sku);
    assert.match(String(sources[source]!.read), /^\d{4}-\d{2}-\d{2}/, sku);
    for (const [location, text] of Object.entries(at)) {
      assert.equal(typeof text, 'string', `${sku} at ${location} is written as a number: YAML would make a binary fraction of it`);
      assert.ok(exact(text) > 0n, `${sku} at ${location}`);
    }
  }
  const unused = Object.keys(prices).filter(sku => !sheetOf(inputs).some(line => line.sku === sku) && !/-(spot|1y|3y)$/.test(sku));
  assert.deepEqual(unused, []);
});

test('exact: no binary fractions, one rounding per line', () => {
  assert.equal(cents(exact('0.1'), exact('0.2')), 2n);
  assert.equal(cents(exact('1'), exact('0.005')), 1n);
  assert.equal(cents(exact('1'), exact('0.004999999')), 0n);
  assert.equal(plain(times(exact('2.5'), exact(730))), '1825');
  assert.equal(dollars(-123456789n), '-1,234,567.89');
  for (const bad of ['1e3', '-1', '0.1234567891', 'NaN', '']) assert.throws(() => exact(bad), /no decimal/);
  assert.deepEqual(priceOf(inputs.table, 'pd-ssd', 'moon'), { price: undefined, unit: 'GiB month' });
});

test('the standby region as a pilot light costs less than lit, by its application nodes', () => {
  const standby = 'payments-prod-region-b';
  const sum = (lit: string[]) => totalOf(sheetOf(inputs, { lit }).filter(line => line.site === standby)).cents;
  assert.ok(sum([standby]) > sum([]));
  assert.ok(!sheetOf(inputs).some(line => line.site === standby && line.what.includes('application nodes')));
});

test('the pools are those of the roots: dev is smaller, the hub has its own, the standby has none', () => {
  const { applications, nat } = inputs.modules;
  assert.deepEqual(Object.keys(applications), Object.keys(inputs.estate.sites));
  assert.notEqual(applications['payments-dev-region-a']!.machine, applications[production]!.machine);
  assert.ok(Object.values(applications).every(pool => pool.perZone >= 1 && /^(n2|e2)-standard-\d+$/.test(pool.machine)));
  assert.match(nat.mode, /^(cloud-nat|nlb)$/);
  const nodes = (site: string) => sheetOf(inputs).filter(line => line.site === site && line.what.includes('application nodes')).map(line => line.what);
  assert.deepEqual(nodes('payments-prod-region-b'), []);
  assert.deepEqual(nodes(production), [`${3 * applications[production]!.perZone} × ${applications[production]!.machine}: application nodes`]);
});

test('an estimate against a commit reads that commit, and refuses what is no name of one', async () => {
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', timeout: 10_000 }).trim();
  assert.equal(atCommit(head)('infra/estate.yaml')?.startsWith('#'), true);
  assert.equal(atCommit(head)('infra/nothing.yaml'), undefined);
  assert.match(await diffAgainst(atCommit(head), inputs), /^(?:No line of the cost sheet changes|\| site \||The sheet of that commit cannot)/);
  assert.match(await diffAgainst(() => undefined, inputs), /^The sheet of that commit cannot be computed \(.* is not there[^]*Now: at least \$/);
  assert.throws(() => atCommit('--upload-pack=x'), /no name of a commit/);
  assert.throws(() => atCommit('refs/heads/there-is-none'));
});
