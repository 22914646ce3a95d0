/** The ledger's own checks over what the run has written, and a second try of payments that were acknowledged. */
import { resolve } from 'node:path';
import { databases } from './prepare.ts';
import { run } from './processes.ts';
import type { Bench, Part } from './variants.ts';

/** One sentence for the report. Throws on a fault, and when nothing was looked at. */
export async function auditLedgers(bench: Bench, parts: ReadonlySet<Part>): Promise<string> {
  const audited = [parts.has('inProcess') && databases.inProcess, parts.has('http') && databases.http].filter(name => name !== false);
  const sums = await Promise.all(audited.map(database => audit(bench, database)));
  const checks = sums.reduce((total, one) => total + one, 0);
  return `The ledger's audit found no fault in ${checks} checks over ${audited.length === 1 ? 'its database' : 'both its databases'}.`;
}

async function audit(bench: Bench, database: string): Promise<number> {
  const env = { PATH: process.env['PATH'], LEDGER_AUDIT_DATABASE_URL: bench.server.postgres.url('ledger_readonly', database), LEDGER_DATABASE_TLS: 'disable' };
  const output = await run(process.execPath, [resolve(import.meta.dirname, '../src/audit.ts'), '--json'], 600_000, env).catch(error => {
    throw new Error(`the audit of ${database} failed: ${(error as Error).message}`);
  });
  const { checks } = JSON.parse(output.trim().split('\n').at(-1)!) as { checks: { name: string; checked: number; faults: number }[] };
  if (!checks.some(check => check.checked > 0) || checks.some(check => check.faults > 0)) throw new Error(`the audit of ${database} found ${JSON.stringify(checks)}`);
  return checks.length;
}
