/** The ledger's own checks over what the run has written, and a second try of payments that were acknowledged. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { apiKey, httpPath } from './ours.ts';
import { databases } from './prepare.ts';
import { run } from './processes.ts';
import type { Bench, Part } from './variants.ts';

/**
 * One sentence for the report. Throws on a fault, and when nothing was looked at. The short form reads one of two databases from
 * end to end: both were written by the same code, and reading takes as long as measuring.
 */
export async function auditLedgers(bench: Bench, parts: ReadonlySet<Part>): Promise<string> {
  if (parts.has('http')) await assertRepetition(bench);
  const written = [parts.has('inProcess') && databases.inProcess, parts.has('http') && databases.http].filter(name => name !== false);
  const audited = bench.plan.name === 'long' ? written : written.slice(0, 1);
  const sums = await Promise.all(audited.map(database => audit(bench, database)));
  const checks = sums.reduce((total, one) => total + one, 0);
  return `The ledger's audit of ${audited.join(' and ')}: ${checks} checks passed, 0 failed.`;
}

async function audit(bench: Bench, database: string): Promise<number> {
  const env = { PATH: process.env['PATH'], LEDGER_AUDIT_DATABASE_URL: bench.server.postgres.url('ledger_readonly', database), LEDGER_DATABASE_TLS: 'disable' };
  const output = await run(process.execPath, [resolve(import.meta.dirname, '../src/audit.ts'), '--json'], 600_000, env).catch(error => {
    throw new Error(`the audit of ${database} failed: ${(error as Error).message}`);
  });
  const { checks } = JSON.parse(output.trim().split('\n').at(-1)!) as { checks: { name: string; checked: number; faults: number }[] };
  if (!checks.some(check => check.checked > 0) || checks.some(check => check.faults > 0)) throw new Error(`the audit of ${database} found ${JSON.stringify(checks)}`);
  return checks.filter(check => check.checked > 0).length;
}

/** Over HTTP, as in the loops: the same request again and twice at once has the same answer, byte for byte, and no second effect. */
async function assertRepetition({ ledger, server }: Bench): Promise<void> {
  const key = `again-${randomUUID()}`;
  const body = JSON.stringify({ debitAccountId: 'acct-1', creditAccountId: 'acct-2', amountMinor: '1', currency: 'USD' });
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': key };
  const send = async () => {
    const response = await fetch(`http://127.0.0.1:${ledger!.port}${httpPath}`, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
    return { status: response.status, replayed: response.headers.get('idempotent-replayed'), text: await response.text() };
  };
  const [first, ...others] = [await send(), ...(await Promise.all([send(), send()]))];
  const [row] = await server.query(databases.http, 'SELECT count(*) AS rows FROM ledger.journal WHERE key = $1', [key]);
  const same = others.every(other => other.status === 201 && other.replayed === 'true' && other.text === first!.text);
  if (first!.status !== 201 || first!.replayed !== null || !same || Number(row!['rows']) !== 1) throw new Error(`a repeated request was answered ${JSON.stringify([first, ...others])}, ${String(row!['rows'])} rows`);
}
