/**
 * `node src/audit.ts [--json]`: reads the whole journal of LEDGER_AUDIT_DATABASE_URL (or LEDGER_DATABASE_URL; the
 * role ledger_readonly is enough), also while payments run. Ends with 0 when all holds, 1 on a fault, 2 when it
 * could not look.
 */
import pg from 'pg';
import { runChecks, type CheckResult } from './adapters/checks.ts';
import { readDatabase } from './domain/config.ts';
import type { DatabaseAddress } from './domain/databaseTls.ts';
import { formatMinor } from './domain/money.ts';
import { selectWholeTrialBalance } from './adapters/reads.ts';
import { sslOf } from './adapters/tls.ts';
import { totalsJson, type CurrencyTotals } from './domain/pages.ts';

interface Report {
  at: string;
  durationMs: number;
  checks: CheckResult[];
  totals: CurrencyTotals[];
}

async function audit({ url, tls }: DatabaseAddress): Promise<Report> {
  const client = new pg.Client({ connectionString: url, ssl: sslOf(tls), application_name: 'ledger audit', connectionTimeoutMillis: 5_000, statement_timeout: 600_000 });
  await client.connect();
  const startedAt = performance.now();
  try {
    // One snapshot for all checks, so that payments made meanwhile are not taken for faults; it blocks nobody.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const checks = await runChecks(client);
    const totals = (await client.query<Record<string, string>>(selectWholeTrialBalance().text)).rows.map(row => ({ currency: row['currency']!, debitMinor: BigInt(row['debit_minor']!), creditMinor: BigInt(row['credit_minor']!) }));
    return { at: new Date().toISOString(), durationMs: Math.round(performance.now() - startedAt), checks, totals };
  } finally {
    await client.end();
  }
}

function print(report: Report): void {
  const width = Math.max(...report.checks.map(check => check.name.length));
  for (const check of report.checks) {
    console.log(`${check.faults === 0 ? 'ok   ' : 'FAULT'} ${check.name.padEnd(width)}  ${check.claim} (${check.checked} looked at${check.faults > 0 ? `, ${check.faults} faults` : ''})`);
    for (const example of check.examples) console.log(`        ${example}`);
  }
  for (const { currency, debitMinor, creditMinor } of report.totals) {
    console.log(`${currency}: debit balances ${formatMinor(debitMinor, currency)}, credit balances ${formatMinor(creditMinor, currency)}`);
  }
  console.log(`in ${report.durationMs} ms`);
}

async function main(): Promise<number> {
  const name = process.env['LEDGER_AUDIT_DATABASE_URL'] ? 'LEDGER_AUDIT_DATABASE_URL' : 'LEDGER_DATABASE_URL';
  const report = await audit(readDatabase(name, process.env));
  if (process.argv.includes('--json')) console.log(JSON.stringify({ ...report, totals: report.totals.map(totalsJson) }));
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
