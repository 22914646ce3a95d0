/** What the tests stand on: a database of their own, a ledger in this process, a small HTTP client. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runChecks } from '../../src/adapters/checks.ts';
import { migrate } from '../../src/adapters/migrations.ts';
import { readConfig } from '../../src/domain/config.ts';
import { buildService, type Service } from '../../src/service.ts';
import { templateDatabase } from './postgres.ts';

export const apiKey = 'test-secret-0123456789';

/** The run all test files belong to: the test runner when there is one, else this very process. */
const runPid = Number(process.env['LEDGER_TEST_RUN_PID'] ?? (process.env['NODE_TEST_CONTEXT'] ? process.ppid : process.pid));

/** Port of the run's PostgreSQL server; the first file that asks has it made, the others wait for it. */
async function sharedServerPort(): Promise<number> {
  const folder = join(tmpdir(), `airpay-ledger-test-${runPid}`);
  try {
    mkdirSync(folder, { mode: 0o711 });
    chmodSync(folder, 0o711); // the server may run as another user inside it
    spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), folder, String(runPid)], { detached: true, stdio: 'ignore' }).unref();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const file = join(folder, 'ready.json');
  for (let tries = 0; !existsSync(file); tries++) {
    if (tries > 600) throw new Error('the test server was not ready within 60 s');
    await sleep(100);
  }
  const result = JSON.parse(readFileSync(file, 'utf8')) as { port?: number; error?: string };
  if (!result.port) throw new Error(result.error);
  return result.port;
}

export interface TestDatabase {
  url(role: 'postgres' | 'ledger_owner' | 'ledger_app' | 'ledger_readonly' | 'airpay_recovery'): string;
  /** One statement as a role, on a connection of its own. */
  as(role: Parameters<TestDatabase['url']>[0], sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** A migrated, empty database that nobody else uses. */
export async function createDatabase(): Promise<TestDatabase> {
  const port = await sharedServerPort();
  const name = `t_${randomBytes(6).toString('hex')}`;
  // The template was migrated by whoever came first; a mutant brings migrations of its own.
  const ownMigrations = process.env['LEDGER_TEST_MIGRATE'] === 'own';
  await run(`postgresql://postgres@127.0.0.1:${port}/postgres`, `CREATE DATABASE ${name} ${ownMigrations ? '' : `TEMPLATE ${templateDatabase}`} OWNER ledger_owner`);
  if (ownMigrations) await migrateWhole(`postgresql://ledger_owner@127.0.0.1:${port}/${name}`);
  return databaseAt(role => `postgresql://${role}@127.0.0.1:${port}/${name}`);
}

async function migrateWhole(url: string): Promise<void> {
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  await migrate(owner).finally(() => owner.end());
}

export function databaseAt(url: TestDatabase['url']): TestDatabase {
  return { url, as: (role, sql, values) => run(url(role), sql, values) };
}

async function run(url: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // a server that is killed: the statement under way says so
  await client.connect();
  try {
    const result = await client.query(sql, values.length > 0 ? values : undefined);
    return [result].flat().at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}

/** Every invariant, asked of the whole journal in one snapshot. Throws when one does not hold, or when there was too little to look at. */
export async function assertAudited(database: TestDatabase, rowsMin = 1): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('ledger_readonly'), connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const results = await runChecks(client);
    assert.deepEqual(results.filter(result => result.faults > 0), []);
    const { rows: [counted] } = await client.query('SELECT count(*)::int AS n FROM ledger.journal');
    assert.ok(counted.n >= rowsMin, `only ${counted.n} rows were looked at`);
  } finally {
    await client.end();
  }
}

export interface TestLedger {
  service: Service;
  url: string;
  logs: string[];
  api: Api;
  close(): Promise<void>;
}

export function environment(database: TestDatabase, over: Record<string, string> = {}): Record<string, string> {
  return {
    LEDGER_PORT: '0',
    LEDGER_REGION: 'region-a',
    LEDGER_INSTANCE: 'ledger-test-1',
    LEDGER_DATABASE_URL: database.url('ledger_app'),
    LEDGER_DATABASE_TLS: 'disable',
    LEDGER_API_KEYS: apiKey,
    LEDGER_DRAIN_DELAY_MS: '0',
    // Generous, so that a slow machine is not taken for a locked account; tests of a limit set their own.
    LEDGER_ACQUIRE_TIMEOUT_MS: '20000',
    LEDGER_LOCK_TIMEOUT_MS: '20000',
    LEDGER_STATEMENT_TIMEOUT_MS: '30000',
    ...over,
  };
}

/** A ledger in this process on a free port. Close it in `after`. */
export async function startLedger(database: TestDatabase, over: Record<string, string> = {}): Promise<TestLedger> {
  const logs: string[] = [];
  const service = buildService(readConfig(environment(database, over)), { write: line => void logs.push(line) });
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  return { service, url, logs, api: new Api(url), close: () => service.close() };
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export class Api {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key = apiKey) {
    this.#url = url;
    this.#key = key;
  }

  async send(method: string, path: string, options: { body?: unknown; raw?: string; headers?: Record<string, string>; key?: string } = {}): Promise<Reply> {
    const text = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const headers: Record<string, string> = { authorization: `Bearer ${this.#key}`, ...(text !== undefined && { 'content-type': 'application/json' }), ...(options.key !== undefined && { 'idempotency-key': options.key }), ...options.headers };
    const response = await fetch(this.#url + path, { method, headers, body: text, signal: AbortSignal.timeout(30_000) });
    const body = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(body) : undefined;
    return { status: response.status, headers: response.headers, text: body, json };
  }

  get(path: string): Promise<Reply> {
    return this.send('GET', path);
  }

  post(path: string, body: unknown, key: string = randomUUID()): Promise<Reply> {
    return this.send('POST', path, { body, key });
  }

  async account(id: string, fields: Record<string, unknown> = {}): Promise<string> {
    const reply = await this.post('/v1/accounts', { id, owner: 'test', currency: 'USD', type: 'liability', ...fields });
    if (reply.status !== 201) throw new Error(`account ${id}: ${reply.status} ${reply.text}`);
    return id;
  }

  transfer(debitAccountId: string, creditAccountId: string, amountMinor: bigint | number | string, over: Record<string, unknown> = {}, key?: string): Promise<Reply> {
    return this.post('/v1/transfers', { debitAccountId, creditAccountId, amountMinor: String(amountMinor), currency: 'USD', ...over }, key);
  }

  /** Money from outside, as a deposit brings it. */
  async fund(id: string, amountMinor: bigint | number, currency = 'USD'): Promise<void> {
    const reply = await this.transfer(`cash-clearing:${currency.toLowerCase()}`, id, amountMinor, { currency });
    if (reply.status !== 201) throw new Error(`funding ${id}: ${reply.status} ${reply.text}`);
  }

  async posted(id: string): Promise<bigint> {
    return BigInt((await this.get(`/v1/accounts/${id}`)).json.postedMinor);
  }
}
