import { Client, ClientConfig } from 'pg';
import { DatabaseView, ReplicationRow, UnreplayedPayments } from '../observed';
import { messageOf, OutsideError } from '../outside';

/** The answer to a write that is rolled back at once. */
export type WriteProbe = { accepted: true } | { accepted: false; reason: string };

/** The PostgreSQL servers of one region, asked one by one; a standby and a primary answer alike. */
export interface RegionDatabase {
  /** The primary if one answers, else the standby that has replayed most. @throws OutsideError when none answers */
  view(): Promise<DatabaseView>;
  /** `default_transaction_read_only` as a new connection to the primary sees it, and the server's clock. @throws OutsideError without a primary */
  defaultReadOnly(): Promise<{ on: boolean; at: string }>;
  /** Tries to write on the primary, in a connection of its own. @throws OutsideError without a primary */
  probeWrite(): Promise<WriteProbe>;
  /**
   * Writes a mark into the primary's log and answers its position: everything committed before lies below, and a standby can
   * replay up to exactly there. No table is written, so the fence lets it through. @throws OutsideError without a primary
   */
  markPosition(): Promise<string>;
  /** Closes other people's connections to the primary that began before the server time `before`; answers how many were still there. */
  terminateClients(before: string): Promise<number>;
  /**
   * Payments on the primary whose transaction id is not below `completeBelowXid` of the standby, asked for before.
   * @throws OutsideError without a primary, or when the answer takes too long
   */
  unreplayed(standby: { completeBelowXid: string; lastReplayedAt: string | null }): Promise<UnreplayedPayments>;
}

const connectTimeoutMs = 2_500;
const queryTimeoutMs = 3_000;
const closeTimeoutMs = 500;
const readOnlyTransaction = '25006';
/** Nobody keeps a payment's transaction open this long; only rows that are not older than that are looked at. */
const longestPaymentMs = 15 * 60_000;

const viewSql = `
  select pg_is_in_recovery() as in_recovery,
         current_setting('transaction_read_only') = 'on' as read_only,
         (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text as lsn,
         clock_timestamp() as now,
         pg_last_xact_replay_timestamp() as last_replayed_at,
         pg_snapshot_xmin(pg_current_snapshot())::text as complete_below_xid,
         current_setting('default_transaction_read_only') = 'on' as fenced`;

const replicasSql = `
  select r.application_name, s.slot_name, r.state, r.replay_lsn::text
    from pg_stat_replication r left join pg_replication_slots s on s.active_pid = r.pid
   order by r.application_name limit 50`;

// Superusers' connections are Patroni's own: a fence that cut them would take its hands off the cluster.
const terminateSql = `
  select count(pg_terminate_backend(a.pid))::int as closed
    from pg_stat_activity a join pg_roles r on r.rolname = a.usename
   where a.datname = current_database() and a.backend_type = 'client backend'
     and not r.rolsuper and a.usename <> current_user and a.backend_start < $1::timestamptz`;

// The chain has one link for each batch of payments, indexed by time, and knows where in the journal the batch begins. Asked for alone, so that
// the planner sees a number in the next question and takes the journal's primary key. No link since then: beyond the end.
const firstSinceSql = `
  select coalesce((select first_position from ledger.chain where at >= $1::timestamptz order by at limit 1),
                  (select position + 1 from ledger.head))::text as position`;

/*
 * Never lower than the truth: the standby was asked first for the transaction id below which all is complete there
 * (its snapshot's xmin, the only part of a standby's snapshot that can be trusted), so a payment it lacks now has an id
 * at or above it. It can be higher: payments replayed between the two questions, or finished while an older transaction
 * was still open. A row's xmin has 32 bits; it is widened with the epoch of this server's own next id.
 */
const unreplayedSql = `
  with next as (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xid),
  recent as (
    select account.currency, journal.amount_minor, journal.xmin::text::bigint as low
      from ledger.journal journal join ledger.accounts account on account.number = journal.debit
     where journal.position >= $2::bigint and ledger.posts(journal.kind)
  ), widened as (
    select currency, amount_minor,
           (next.xid / 4294967296) * 4294967296 + low
             - case when low > next.xid % 4294967296 then 4294967296 else 0 end as xid
      from recent cross join next
  )
  select currency, count(*)::int as payments, sum(amount_minor)::text as amount_minor
    from widened where xid >= $1::bigint group by currency order by currency`;

interface ViewRow {
  in_recovery: boolean;
  read_only: boolean;
  lsn: string | null;
  now: Date;
  last_replayed_at: Date | null;
  complete_below_xid: string;
  fenced: boolean;
}

function toView(host: string, row: ViewRow, replicas: ReplicationRow[]): DatabaseView {
  return {
    inRecovery: row.in_recovery,
    readOnly: row.read_only,
    lsn: row.lsn,
    now: row.now.toISOString(),
    lastReplayedAt: row.in_recovery ? row.last_replayed_at?.toISOString() ?? null : null,
    completeBelowXid: row.complete_below_xid,
    replicas,
    fencedServers: row.fenced ? [host] : [],
  };
}

/** Positions compare as text once padded; enough to pick the furthest of a few standbys. */
const paddedLsn = (view: DatabaseView) => (view.lsn ?? '0/0').split('/').map(part => part.padStart(8, '0')).join('');

/** A server that hangs must not hold us at the goodbye. */
async function closeQuietly(client: Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>(resolve => {
    timer = setTimeout(resolve, closeTimeoutMs);
  });
  await Promise.race([client.end().catch(() => undefined), patience]);
  clearTimeout(timer);
}

export class PgRegionDatabase implements RegionDatabase {
  constructor(private readonly title: string, private readonly regionId: string, private readonly urls: string[]) {}

  async view(): Promise<DatabaseView> {
    const results = await Promise.allSettled(this.urls.map(url => this.use(url, client => this.readView(new URL(url).host, client))));
    const views = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
    if (views.length === 0) {
      const failures = results.flatMap(result => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
      throw new OutsideError(this.title, 'unknown', `no server answered: ${failures.join('; ')}`);
    }
    const primary = views.find(view => !view.inRecovery);
    const fencedServers = views.flatMap(view => view.fencedServers);
    return { ...(primary ?? views.sort((left, right) => (paddedLsn(left) < paddedLsn(right) ? 1 : -1))[0]), fencedServers };
  }

  async defaultReadOnly(): Promise<{ on: boolean; at: string }> {
    return this.onPrimary(async client => {
      const { rows } = await client.query(
        `select current_setting('default_transaction_read_only') = 'on' as is_on, clock_timestamp()::text as at`,
      );
      return { on: rows[0].is_on, at: rows[0].at };
    });
  }

  async probeWrite(): Promise<WriteProbe> {
    return this.onPrimary(async client => {
      try {
        await client.query('begin');
        await client.query('insert into recovery.fence_probe (region) values ($1)', [this.regionId]);
        return { accepted: true };
      } catch (error) {
        if ((error as { code?: string }).code !== readOnlyTransaction) throw error;
        return { accepted: false, reason: messageOf(error) };
      } finally {
        await client.query('rollback');
      }
    });
  }

  async markPosition(): Promise<string> {
    // Not pg_current_wal_lsn(): it may name the middle of a record that nobody flushes, and a standby never gets there.
    return this.onPrimary(async client => (await client.query(`select pg_logical_emit_message(true, 'airpay.drain', '')::text as lsn`)).rows[0].lsn);
  }

  async terminateClients(before: string): Promise<number> {
    return this.onPrimary(async client => (await client.query(terminateSql, [before])).rows[0].closed);
  }

  async unreplayed(standby: { completeBelowXid: string; lastReplayedAt: string | null }): Promise<UnreplayedPayments> {
    return this.onPrimary(async client => {
      const since = standby.lastReplayedAt === null ? '-infinity' : new Date(Date.parse(standby.lastReplayedAt) - longestPaymentMs).toISOString();
      const first = await client.query<{ position: string }>(firstSinceSql, [since]);
      const { rows } = await client.query(unreplayedSql, [standby.completeBelowXid, first.rows[0].position]);
      return {
        payments: rows.reduce((sum, row) => sum + row.payments, 0),
        amounts: rows.map(row => ({ currency: row.currency, amountMinor: row.amount_minor })),
      };
    });
  }

  private async readView(host: string, client: Client): Promise<DatabaseView> {
    const [row] = (await client.query<ViewRow>(viewSql)).rows;
    if (row.in_recovery) return toView(host, row, []);
    const { rows } = await client.query(replicasSql);
    return toView(
      host,
      row,
      rows.map(one => ({ applicationName: one.application_name, slot: one.slot_name, state: one.state, replayLsn: one.replay_lsn })),
    );
  }

  /** Looks for the primary anew each time: roles move while a run goes on. */
  private async onPrimary<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const failures: string[] = [];
    for (const url of this.urls) {
      try {
        const result = await this.use(url, async client => {
          const { rows } = await client.query('select pg_is_in_recovery() as in_recovery');
          return rows[0].in_recovery ? null : { value: await work(client) };
        });
        if (result) return result.value;
        failures.push('is a standby');
      } catch (error) {
        if (!(error instanceof OutsideError)) throw error;
        failures.push(error.message);
      }
    }
    throw new OutsideError(this.title, 'unknown', `no primary answered: ${failures.join('; ')}`);
  }

  /** A connection of its own for each question: what a new client sees is what counts. */
  private async use<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
    const config: ClientConfig = {
      connectionString: url,
      application_name: 'airpay-recovery',
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      statement_timeout: queryTimeoutMs,
    };
    const client = new Client(config);
    // A server that is restarted ends idle connections; without a listener that would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await work(client);
    } catch (error) {
      if (error instanceof OutsideError) throw error;
      throw new OutsideError(this.title, 'unknown', `${new URL(url).host}: ${messageOf(error)}`, { cause: error });
    } finally {
      await closeQuietly(client);
    }
  }
}
