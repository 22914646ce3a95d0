/**
 * What a month costs by list price. `node infra/cost/cost.ts` writes docs/cost-sheet.md; `--check` ends with 1 when it is stale;
 * `--diff <ref>` prints, for a pull request, which lines change against a commit and what that costs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { atCommit, readInputs, root, workingTree, type Inputs, type Read } from './inputs.ts';
import { keyOf, plain, priceOf, sheetOf, totalOf, type Line, type Total } from './lines.ts';
import { cents, dollars, exact, times } from './money.ts';

export const target = join(root, 'docs/cost-sheet.md');

const words = ({ cents: sum, unpriced }: Total) => (unpriced === 0 ? `$${dollars(sum)}` : `at least $${dollars(sum)}; ${unpriced} line${unpriced > 1 ? 's have' : ' has'} no price`);

function table(lines: readonly Line[]): string[] {
  return [
    '| what | SKU | quantity | unit | price | USD a month |', '|---|---|--:|---|--:|--:|',
    ...lines.map(line => `| ${line.what} | ${line.sku} | ${plain(line.quantity)} | ${line.unit} | ${line.price === undefined ? 'no price' : plain(line.price)} | ${line.cents === undefined ? 'no price' : dollars(line.cents)} |`),
  ];
}

/** What the same machines cost in the ways they can be bought, in the first region. */
function waysToBuy({ table: prices, modules: { nodes, applications }, estate }: Inputs): string[] {
  const [primary, { location }] = Object.entries(estate.sites).find(([, site]) => site.role === 'primary' && site.environment === 'production')!;
  const database = Object.entries(estate.databases).find(([name]) => estate.sites[name]!.environment === 'production')![1];
  const rows: [string, string, string][] = [
    [database.machineType, 'database', 'on demand first, three years once the size has stood for a quarter; never spot: a member that vanishes is a failover'],
    [applications[primary]!.machine, 'application nodes', 'one year for what always runs, on demand above it; never spot: payments in flight'],
    [nodes.system, 'system nodes', 'one year'],
    [nodes.batch, 'batch nodes', 'spot: taints keep everything else away, and the work may be interrupted'],
  ];
  const monthly = (machineType: string, suffix: string) => {
    const [, family, vcpus] = /^(\w+)-standard-(\d+)$/.exec(machineType)!;
    const { price, unit } = priceOf(prices, `${family}-standard-vcpu${suffix}`, location);
    if (price === undefined) return 'no price';
    return dollars(cents(unit.includes('hour') ? times(exact(vcpus!), exact(prices.hoursPerMonth)) : exact(vcpus!), price));
  };
  return [
    '| machine | for | on demand | spot | 1 year | 3 years | how to buy |', '|---|---|--:|--:|--:|--:|---|',
    ...rows.map(([type, use, how]) => `| ${type} | ${use} | ${['', '-spot', '-1y', '-3y'].map(suffix => monthly(type, suffix)).join(' | ')} | ${how} |`),
  ];
}

/** The page. Everything in it is computed from the inputs. */
export function render(inputs: Inputs): string {
  const lines = sheetOf(inputs);
  const groups = [...new Set(lines.map(line => line.site))];
  const standby = Object.entries(inputs.estate.sites).find(([, site]) => site.role === 'standby')![0];
  const of = (all: readonly Line[], site: string) => totalOf(all.filter(line => line.site === site));
  const dark = of(lines, standby);
  const lit = of(sheetOf(inputs, { lit: [standby] }), standby);
  const sources = Object.entries(inputs.table.sources).map(([name, one]) => `| ${name} | [${one.what}](${one.url}) | ${one.dated ?? '–'} | ${one.read} |`);
  const used = inputs.usage;
  return `${[
    '# What a month costs',
    '',
    'For whoever decides on size and on regions. Written by `node infra/cost/cost.ts` from `infra/estate.yaml`, the Terraform modules, `infra/cost/usage.yaml`',
    '(what is assumed) and `infra/cost/prices.yaml` (what was read, where and when); a test holds it. List prices in '
      + `${inputs.table.currency}, ${inputs.table.hoursPerMonth} hours a month, without discounts and taxes.`,
    'A line without a price has none with a source; it is not zero.',
    '',
    `**All: ${words(totalOf(lines))}.**`,
    '',
    '| | USD a month |', '|---|--:|',
    ...groups.map(site => `| ${site} | ${words(of(lines, site))} |`),
    '',
    '## The price of the standby region',
    '',
    `${standby} as a pilot light (database, system nodes, no application nodes): ${words(dark)}. With the application nodes of an active region: ${words(lit)}.`,
    `Keeping them off saves $${dollars(lit.cents - dark.cents)} a month, for the minutes that a recovery run needs to start them.`,
    '',
    '## Ways to buy a machine',
    '',
    ...waysToBuy(inputs),
    '',
    '## Lines',
    ...groups.flatMap(site => ['', `### ${site}`, '', ...table(lines.filter(line => line.site === site)), '', `${site}: ${words(of(lines, site))}.`]),
    '',
    '## Assumed',
    '',
    `NAT by ${inputs.modules.nat.mode === 'nlb' ? 'machines and a balancer' : 'Cloud NAT'}; autoscaled pools at the size they start with; the bastion ${used.bastionHours} hours;`,
    `backups ${used.backupGib.production} GiB per production repository, ${used.backupGib.dev} GiB in dev; the rest in \`infra/cost/usage.yaml\`.`,
    '',
    '## Sources',
    '',
    '| name | what | dated | read |', '|---|---|---|---|',
    ...sources,
  ].join('\n')}\n`;
}

/** The comment on a pull request. */
export function renderDiff(before: readonly Line[], after: readonly Line[]): string {
  const was = new Map(before.map(line => [keyOf(line), line]));
  const is = new Map(after.map(line => [keyOf(line), line]));
  const amount = (line: Line | undefined) => (line === undefined ? '–' : line.cents === undefined ? 'no price' : dollars(line.cents));
  const rows = [...new Set([...was.keys(), ...is.keys()])].filter(key => amount(was.get(key)) !== amount(is.get(key)) || was.get(key)?.quantity !== is.get(key)?.quantity).map(key => {
    const [site, what, sku] = key.split(' | ');
    const change = (is.get(key)?.cents ?? 0n) - (was.get(key)?.cents ?? 0n);
    return `| ${site} | ${what} | ${sku} | ${amount(was.get(key))} | ${amount(is.get(key))} | ${change > 0n ? '+' : ''}${dollars(change)} |`;
  });
  const [from, to] = [totalOf(before), totalOf(after)];
  const change = to.cents - from.cents;
  const total = `Before: ${words(from)}. After: ${words(to)}. Change: ${change > 0n ? '+' : ''}${dollars(change)} USD a month by list price.`;
  return rows.length === 0 ? `No line of the cost sheet changes.\n\n${total}\n` : `| site | what | SKU | before | after | change |\n|---|---|---|--:|--:|--:|\n${rows.join('\n')}\n\n${total}\n`;
}

/** Against a commit. One that has no sheet, or one made of other inputs, cannot be compared; that is said, with what the sheet says now. */
export async function diffAgainst(read: Read, inputs: Inputs): Promise<string> {
  const after = sheetOf(inputs);
  let before: Line[];
  try {
    before = sheetOf(await readInputs(read));
  } catch (error) {
    return `The sheet of that commit cannot be computed (${(error as Error).message}).\n\nNow: ${words(totalOf(after))} a month by list price.\n`;
  }
  return renderDiff(before, after);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, diff: { type: 'string' } } });
  const inputs = await readInputs(workingTree);
  if (values.diff !== undefined) {
    process.stdout.write(await diffAgainst(atCommit(values.diff), inputs));
    return 0;
  }
  const text = render(inputs);
  if (!values.check) {
    writeFileSync(target, text);
    return 0;
  }
  if (readFileSync(target, 'utf8') === text) return 0;
  console.error(`${target} is stale: run node infra/cost/cost.ts`);
  return 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
