/**
 * `node src/audit.ts [--json] [--from <hash>]`: reads the whole journal of LEDGER_AUDIT_DATABASE_URL (or LEDGER_DATABASE_URL; the
 * role ledger_readonly is enough, a hot standby will do), also while payments run. `--from`: a hash of the chain that was noted
 * earlier and must still be in it. The last line is `N passed, N failed`; a check that found nothing to look at is neither.
 * Ends with 0 when all holds, 1 on a fault, 2 when it could not look.
 */
import { parseArgs } from 'node:util';
import { runChecks, runNotedCheck, type CheckResult } from './adapters/checks.ts';
import { selectWholeTrialBalance } from './adapters/reads.ts';
import { formatMinor } from './domain/money.ts';
import { totalsJson, type CurrencyTotals } from './domain/pages.ts';
import { withSnapshot } from './snapshot.ts';

interface Report {
  at: string;
  durationMs: number;
  checks: CheckResult[];
  totals: CurrencyTotals[];
  /** Of the chain. To be noted where no one who can write to this database can write. */
  head: { n: string; position: string; hash: string };
}

function audit(from: string | undefined): Promise<Report> {
  return withSnapshot('audit', async client => {
    const startedAt = performance.now();
    const checks = await runChecks(client);
    if (from !== undefined) checks.push(await runNotedCheck(client, from));
    const totals = (await client.query<Record<string, string>>(selectWholeTrialBalance().text)).rows.map(row => ({ currency: row['currency']!, debitMinor: BigInt(row['debit_minor']!), creditMinor: BigInt(row['credit_minor']!) }));
    const [head] = (await client.query<Report['head']>("SELECT n::text, position::text, encode(hash, 'hex') AS hash FROM ledger.head")).rows;
    return { at: new Date().toISOString(), durationMs: Math.round(performance.now() - startedAt), checks, totals, head: head! };
  });
}

function tellCheck(check: CheckResult, width: number): void {
  const verdict = check.faults > 0 ? 'FAULT' : check.checked > 0 ? 'ok' : 'empty';
  console.log(`${verdict.padEnd(5)} ${check.name.padEnd(width)}  ${check.claim} (${check.checked} looked at${check.faults > 0 ? `, ${check.faults} faults` : ''})`);
  for (const example of check.examples) console.log(`        ${example}`);
}

function print({ checks, totals, head, durationMs }: Report): void {
  const width = Math.max(...checks.map(check => check.name.length));
  for (const check of checks) tellCheck(check, width);
  for (const { currency, debitMinor, creditMinor } of totals) console.log(`${currency}: debit balances ${formatMinor(debitMinor, currency)}, credit balances ${formatMinor(creditMinor, currency)}`);
  console.log(`head: link ${head.n}, position ${head.position}, hash ${head.hash}`);
  const empty = checks.filter(check => check.faults === 0 && check.checked === 0).length;
  console.log(`in ${durationMs} ms${empty > 0 ? `; ${empty} checks had nothing to look at and prove nothing` : ''}`);
  console.log(`${checks.filter(check => check.faults === 0 && check.checked > 0).length} passed, ${checks.filter(check => check.faults > 0).length} failed`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, from: { type: 'string' } } });
  if (values.from !== undefined && !/^[0-9a-f]{64}$/.test(values.from)) throw new Error('--from takes a hash of 64 hexadecimal digits');
  const report = await audit(values.from);
  if (values.json) console.log(JSON.stringify({ ...report, totals: report.totals.map(totalsJson) }));
  else print(report);
  return report.checks.some(check => check.faults > 0) ? 1 : 0;
}

main().then(
  code => process.exit(code),
  error => {
    console.error(`ledger audit: ${(error as Error).message}`);
    process.exit(2);
  },
);
