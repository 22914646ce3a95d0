/** What must be true of the tables before a figure is printed. Each look fails when it had nothing to look at. */
import { databases } from './prepare.ts';
import type { BenchServer } from './database.ts';
import { tenant } from './ours.ts';

/** All payments `<prefix>:1` to `<prefix>:<sent>` were acknowledged, each once. */
export interface Sent {
  prefix: string;
  sent: number;
}

/** Everything that was acknowledged, by design. */
export class Books {
  readonly inProcess: Sent[] = [];
  readonly function: Sent[] = [];
  /** Ids of transfers. */
  readonly http: string[][] = [];
  readonly usual: string[][] = [];
  readonly #server: BenchServer;

  constructor(server: BenchServer) {
    this.#server = server;
  }

  /** Throws unless each acknowledged payment is there exactly once. Returns how many were looked up. */
  async assertAll(): Promise<number> {
    const looks: Promise<number>[] = [];
    if (this.inProcess.length > 0) looks.push(this.#assertKeys(databases.inProcess, this.inProcess, `ledger.journal WHERE tenant = '${tenant}' AND kind = 'transfer' AND`));
    if (this.function.length > 0) looks.push(this.#assertKeys(databases.function, this.function, 'transfers WHERE'));
    if (this.http.length > 0) looks.push(this.#assertIds(databases.http, this.http, `SELECT ledger.public_id('tr', created_at, position) AS id FROM ledger.journal WHERE kind = 'transfer'`));
    if (this.usual.length > 0) looks.push(this.#assertIds(databases.usual, this.usual, 'SELECT id::text FROM transfers'));
    const ledgers = [this.inProcess.length > 0 && databases.inProcess, this.http.length > 0 && databases.http].filter(name => name !== false);
    const [looked] = await Promise.all([Promise.all(looks), ...ledgers.map(name => this.#assertChain(name))]);
    return looked.reduce((total, one) => total + one, 0);
  }

  async #assertKeys(database: string, runs: Sent[], source: string): Promise<number> {
    let looked = 0;
    for (const { prefix, sent } of runs) {
      const [row] = await this.#server.query(
        database,
        `SELECT count(*) AS rows, count(DISTINCT n) AS numbers, min(n) AS first, max(n) AS last
           FROM (SELECT substr(key, ${prefix.length + 2})::bigint AS n FROM ${source} key >= '${prefix}:' AND key < '${prefix};') keys`,
      );
      const found = [row!['rows'], row!['numbers'], row!['last']].map(Number);
      if (sent === 0 || Number(row!['first']) !== 1 || found.some(number => number !== sent)) throw new Error(`${database}, ${prefix}: ${sent} payments were acknowledged, the journal holds ${JSON.stringify(row)}`);
      looked += sent;
    }
    return looked;
  }

  async #assertIds(database: string, runs: string[][], source: string): Promise<number> {
    const ids = runs.flat();
    const [row] = await this.#server.query(
      database,
      `SELECT count(*) AS asked, count(*) FILTER (WHERE found = 1) AS once
         FROM (SELECT a.id, count(t.id) AS found FROM (SELECT DISTINCT unnest($1::text[]) AS id) a LEFT JOIN (${source}) t ON t.id = a.id GROUP BY a.id) looked`,
      [ids],
    );
    if (ids.length === 0 || Number(row!['asked']) !== ids.length || Number(row!['once']) !== ids.length) throw new Error(`${database}: ${ids.length} payments were acknowledged, but of their ids ${JSON.stringify(row)}`);
    return ids.length;
  }

  /** Every row belongs to a link of the chain, and the chain is as long as its head says. */
  async #assertChain(database: string): Promise<void> {
    const [row] = await this.#server.query(
      database,
      `SELECT (SELECT count(*) FROM ledger.journal) AS rows, (SELECT sum(count) FROM ledger.chain) AS sealed, (SELECT count(*) FROM ledger.chain) AS links,
              (SELECT n FROM ledger.head) AS head, (SELECT bool_and(prev_hash = before) FROM (SELECT prev_hash, lag(hash) OVER (ORDER BY n) AS before FROM ledger.chain) c WHERE before IS NOT NULL) AS linked`,
    );
    const [rows, sealed, links, head] = ['rows', 'sealed', 'links', 'head'].map(name => Number(row![name]));
    if (!(links! > 1) || rows !== sealed || links !== head || row!['linked'] !== true) throw new Error(`${database}: the chain does not hold what the journal does: ${JSON.stringify(row)}`);
  }
}
