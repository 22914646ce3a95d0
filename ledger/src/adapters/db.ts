/**
 * PostgreSQL: a bounded pool and transactions that survive what a database does to its clients: deadlocks,
 * restarts, failovers, a fence. Every error of the driver leaves here as a LedgerError or as it is (our mistake).
 */
import pg from 'pg';
import { LedgerError, type ErrorCode } from '../domain/errors.ts';

export interface Statement {
  name?: string;
  text: string;
  values?: unknown[];
}

export type Rows = Record<string, unknown>[];

export interface Queryable {
  query(statement: Statement): Promise<Rows>;
}

export interface DatabaseOptions {
  url: string;
  /** As adapters/tls.ts makes it; false: in the clear. */
  ssl: pg.ClientConfig['ssl'];
  applicationName: string;
  /** At least 2: one half writes, the other reads for tenants. */
  poolMax: number;
  acquireTimeoutMs: number;
  queueMax: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** Told of each lost connection. */
  onConnectionError: (error: Error) => void;
}

const probeTimeoutMs = 1_000;
/** A session that stops between two statements of a transaction holds up everybody: the server ends it. */
const idleInTransactionTimeoutMs = 2_000;

/** SQLSTATE or errno of the driver's error; empty when it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

const lostCodes = /^(08...|57P0[1-5]|25P03|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOENT)$/;
/** Of a server that could not prove who it is, as OpenSSL and Node name it. */
const untrustedCodes = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)|^EPROTO$/;
const lostMessages = /connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|query read timeout|client was closed|does not support SSL/i;

/** The connection is gone, or never came to be. Whether a COMMIT under way took effect is then not known. */
export function isConnectionLoss(error: unknown): boolean {
  const message = error instanceof Error ? error.message : '';
  const parts = error instanceof AggregateError ? error.errors : [];
  return lostCodes.test(codeOf(error)) || untrustedCodes.test(codeOf(error)) || lostMessages.test(message) || (parts.length > 0 && parts.every(isConnectionLoss));
}

/** Unique keys that two writers can both want; who comes second has to read again and decide anew. */
const contested = new Set(['journal_key', 'accounts_id_tenant_key', 'accounts_pkey', 'journal_debit', 'journal_credit', 'payments_pkey']);

/** Decided on what is no longer so: all undone, worth another decision. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  // A migration changed what a statement of this connection returns; the next connection plans it anew.
  if (isStalePlan(error)) return true;
  return code === '40001' || code === '40P01' || code === 'AP001' || (code === '23505' && contested.has(String((error as { constraint?: unknown }).constraint)));
}

function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && /cached plan/.test((error as Error).message);
}

const translations: Record<string, [ErrorCode, string]> = {
  '25006': ['database-read-only', 'The database is fenced or not the primary now.'],
  '55P03': ['account-busy', 'An account stayed locked by other transfers for too long.'],
  '57014': ['deadline-exceeded', 'The database took too long.'],
  AP002: ['not-ready', 'Another process does this now.'],
};

/** What a client may be told of a driver's error. Undefined: not foreseen, so a mistake of ours. */
export function translate(error: unknown): LedgerError | undefined {
  if (error instanceof LedgerError) return error;
  const known = translations[codeOf(error)];
  if (known) return new LedgerError(...known, { cause: error });
  if (isConnectionLoss(error)) return new LedgerError('database-unavailable', 'No connection to the database.', { cause: error });
  if (isConflict(error)) return new LedgerError('account-busy', 'The request kept colliding with others.', { cause: error });
  // While a password is being replaced: here or there the old one is still in use.
  if (/^28/.test(codeOf(error))) return new LedgerError('database-unavailable', 'The database does not take the password.', { cause: error });
  if (/^53/.test(codeOf(error))) return new LedgerError('database-unavailable', 'The database is out of resources.', { cause: error });
  return undefined;
}

/**
 * Which history a server writes: its timeline, which is another one after every promotion, and its start, since a restored copy keeps the
 * timeline. Null on a standby, which may become a primary under the same connection.
 */
const historySql = `SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || ' ' || pg_postmaster_start_time() END AS history`;

export class Database {
  readonly #histories = new WeakMap<pg.PoolClient, string>();
  #history: string | undefined;
  #generation = 0;
  /** For what the ledger itself writes and reads. */
  readonly #pool: pg.Pool;
  /** For what tenants read: however many ask for how much, payments keep connections of their own. */
  readonly #reads: pg.Pool;
  readonly #probes: pg.Pool;
  readonly #options: DatabaseOptions;
  /** The address in use, and the one to try when the server does not take its password: before or after a rotation. */
  #url: string;
  #otherUrl: string | undefined;
  /** Connections whose COMMIT returned although the synchronous standby had not confirmed. */
  readonly #unreplicated = new WeakSet<pg.PoolClient>();

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#url = options.url;
    const shared: pg.PoolConfig = {
      connectionString: options.url,
      ssl: options.ssl,
      application_name: options.applicationName,
      connectionTimeoutMillis: options.acquireTimeoutMs,
      idleTimeoutMillis: 30_000,
      // So that connections move over to a new primary even if nothing ever breaks them.
      maxLifetimeSeconds: 300,
      keepAlive: true,
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: options.lockTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      // For a server that is gone without a word; above the server's own limit.
      query_timeout: options.statementTimeoutMs + 1_000,
      // Said out loud, not left to the server's defaults: docs/adr/0012. Compiling a query takes longer than any of ours runs.
      options: '-c default_transaction_isolation=read\\ committed -c synchronous_commit=on -c jit=off',
    };
    const readsMax = Math.floor(options.poolMax / 2);
    this.#pool = new pg.Pool({ ...shared, max: options.poolMax - readsMax });
    this.#reads = new pg.Pool({ ...shared, max: readsMax });
    this.#probes = new pg.Pool({
      connectionString: options.url,
      ssl: options.ssl,
      application_name: `${options.applicationName} probe`,
      max: 1,
      maxUses: 20, // so that it soon finds the way to a new primary
      connectionTimeoutMillis: probeTimeoutMs,
      // Also on the server: a sum over many accounts must not go on after nobody waits for it.
      statement_timeout: probeTimeoutMs,
      query_timeout: probeTimeoutMs,
      maxLifetimeSeconds: 300,
    });
    for (const pool of [this.#pool, this.#reads, this.#probes]) {
      // Without these listeners a lost connection would end the process.
      pool.on('error', error => options.onConnectionError(error));
      pool.on('connect', client => client.on('error', error => options.onConnectionError(error)));
    }
    this.#pool.on('connect', client => {
      client.on('notice', notice => {
        // Committed here, but a failover now would lose it: not to be acknowledged.
        if (notice.routine === 'SyncRepWaitForLSN') this.#unreplicated.add(client as pg.PoolClient);
      });
    });
  }

  /**
   * Grows when the history behind the connections is not the one before. What was read until then may have been lost in a failover,
   * and its numbers given again to something else.
   */
  get generation(): number {
    return this.#generation;
  }

  /**
   * New connections are made with this address; those that are open end within minutes. The one before is kept: until the role has its
   * new password the server takes only the old one, and the role and the secret need not change at the same moment.
   */
  useUrl(url: string): void {
    if (url === this.#url) return;
    this.#otherUrl = this.#url;
    this.#setUrl(url);
  }

  /** One read. Repeated once when the connection was lost. Throws LedgerError or our own mistakes. */
  async query(statement: Statement): Promise<Rows> {
    return this.#read(this.#pool, async client => (await client.query(statement)).rows);
  }

  /** One read that row-level security holds to one tenant. The tenant is said anew for every read: a connection remembers nobody's. */
  async queryAs(tenant: string, statement: Statement): Promise<Rows> {
    return this.#read(this.#reads, async client => {
      await client.query({ name: 'as_tenant', text: "SELECT set_config('ledger.tenant', $1, false)", values: [tenant] });
      return (await client.query(statement)).rows;
    });
  }

  /**
   * One statement that writes, in a transaction of its own. Tried once: after a lost connection nobody knows whether it took
   * effect, and only the caller can look. `decidedIn`: the generation of all that it was decided on; in another one it is a conflict,
   * and nothing is written. Throws the driver's own error, or LedgerError.
   */
  async write(statement: Statement, decidedIn?: number): Promise<Rows> {
    const client = await this.#acquire(this.#pool);
    return release(client, async () => {
      if (decidedIn !== undefined && decidedIn !== this.#generation) throw Object.assign(new Error('decided on another history than this server writes'), { code: 'AP001' });
      const { rows } = await client.query(statement);
      this.#checkReplicated(client);
      return rows;
    });
  }

  /** Runs `work` between BEGIN and COMMIT, READ COMMITTED. Tried once, as `write`. */
  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const client = await this.#acquire(this.#pool);
    return release(client, async () => {
      // Never READ WRITE here: it would override default_transaction_read_only, by which a region is fenced.
      await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      const result = await work({ query: async statement => (await client.query(statement)).rows });
      const commit = await client.query('COMMIT');
      // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
      if (commit.command !== 'COMMIT') throw new Error(`COMMIT was answered with ${commit.command}`);
      this.#checkReplicated(client);
      return result;
    });
  }

  /** A read on a connection of its own: answers or throws within two seconds, however many requests are queued. */
  async probe(statement: Statement): Promise<Record<string, unknown>[]> {
    try {
      const client = await this.#connect(this.#probes);
      return await release(client, async () => (await client.query(statement)).rows);
    } catch (error) {
      throw translate(error) ?? error;
    }
  }

  /** Waits for the connections that are in use. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#reads.end(), this.#probes.end()]);
  }

  async #acquire(pool: pg.Pool): Promise<pg.PoolClient> {
    if (pool.waitingCount >= this.#options.queueMax) throw new LedgerError('overloaded', 'Too many requests wait for the database.');
    try {
      const client = await this.#connect(pool);
      if (!this.#histories.has(client)) await this.#learnHistory(client);
      this.#follow(this.#histories.get(client));
      return client;
    } catch (error) {
      const saturated = /timeout exceeded/.test((error as Error).message) && pool.totalCount >= pool.options.max && pool.waitingCount > 0;
      throw saturated ? new LedgerError('overloaded', 'The request waited too long for the database.', { cause: error }) : error;
    }
  }

  #setUrl(url: string): void {
    this.#url = url;
    // A pool makes each connection from its options anew.
    for (const pool of [this.#pool, this.#reads, this.#probes]) pool.options.connectionString = url;
  }

  async #connect(pool: pg.Pool): Promise<pg.PoolClient> {
    const used = this.#url;
    try {
      return await pool.connect();
    } catch (error) {
      if (codeOf(error) !== '28P01' || this.#otherUrl === undefined) throw error;
      // Many may be refused at once, and one of them turns over.
      if (this.#url === used) {
        const other = this.#otherUrl;
        this.#otherUrl = used;
        this.#setUrl(other);
      }
      return pool.connect();
    }
  }

  /** Asked once for each connection: it ends when its server does. */
  async #learnHistory(client: pg.PoolClient): Promise<void> {
    try {
      const { rows } = await client.query<{ history: string | null }>(historySql);
      if (rows[0]!.history !== null) this.#histories.set(client, rows[0]!.history);
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  #follow(history: string | undefined): void {
    if (history === undefined || history === this.#history) return;
    if (this.#history !== undefined) this.#generation += 1;
    this.#history = history;
  }

  #checkReplicated(client: pg.PoolClient): void {
    if (this.#unreplicated.has(client)) throw new LedgerError('outcome-unknown', 'The synchronous standby has not confirmed the payment.');
  }

  async #read<T>(pool: pg.Pool, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    for (let made = 1; ; made++) {
      try {
        const client = await this.#acquire(pool);
        return await release(client, async () => {
          const result = await read(client);
          // ledger.load() has its reader wait for the standby where it found an answer to give again.
          this.#checkReplicated(client);
          return result;
        });
      } catch (error) {
        if (made >= 2 || !(isConnectionLoss(error) || isStalePlan(error))) throw translate(error) ?? error;
      }
    }
  }
}

/** Gives the connection back whatever happens: clean after `work`, rolled back after an error, or not at all if it is broken. */
async function release<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    client.release();
    return result;
  } catch (error) {
    // 25006: behind this address there may be a primary by now, but this connection will never see it.
    const useless = isConnectionLoss(error) || isStalePlan(error) || codeOf(error) === '25006' || codeOf(error) === 'outcome-unknown';
    const rolledBack = useless ? false : await client.query('ROLLBACK').then(() => true, () => false);
    client.release(!rolledBack);
    throw error;
  }
}
