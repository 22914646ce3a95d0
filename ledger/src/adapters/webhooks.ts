/**
 * Webhooks in the database. Callers' reads go under row-level security of their tenant; what the relay does spans
 * tenants and goes through functions that refuse a relay without the lease (migrations/000002_webhooks.sql).
 */
import type { RowJson } from '../domain/rowJson.ts';
import { eventJson } from '../domain/webhook-event.ts';
import { eventTypeOf, type Candidate, type WebhookReadings } from '../domain/webhook.ts';

type Row = Record<string, unknown>;
interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

/** What is needed of a database: see db.ts. */
export interface WebhookDatabase {
  query(statement: Statement): Promise<Row[]>;
  /** Returns only what the synchronous standby has too. */
  write(statement: Statement): Promise<Row[]>;
  queryAs(tenant: string, statement: Statement): Promise<Row[]>;
  /** Within a second or two, whatever else is going on. */
  probe(statement: Statement): Promise<Row[]>;
}

export interface Endpoint {
  id: string;
  tenant: string;
  url: string;
  kinds: string[];
  maxInFlight: number;
  /** Up to here it has been given everything; null while it keeps up with the relay. */
  cursor: bigint | null;
  failingSince: Date | null;
  previousUntil: Date | null;
  createdAt: Date;
}

export type DeliveryState = 'pending' | 'delivered' | 'dead';

export interface Delivery {
  position: bigint;
  eventId: string;
  kind: string;
  state: DeliveryState;
  attempts: number;
  nextAttemptAt: Date | null;
  lastAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
}

/** One that is to be sent now. */
export interface Due extends Candidate {
  /** Made so far. */
  attempts: number;
  url: string;
  /** Sealed; the second one while it is being replaced. */
  secrets: string[];
  eventId: string;
  eventType: string;
  /** The bytes to sign and send; undefined when this version of the ledger cannot tell the event. Not all that is due is sent now. */
  body: () => string | undefined;
}

export interface Outcome {
  due: Due;
  delivered: boolean;
  /** Until the next attempt; null when there is none. */
  nextMs: number | null;
  status: number | null;
  error: string | null;
}

/** A change by a caller, with the answer to keep for the same key. */
export interface Change {
  what: 'create' | 'rotate' | 'disable' | 'replay' | 'retry' | 'look';
  tenant: string;
  actor: string;
  /** A UUID. */
  requestId: string;
  key: string;
  hash: Buffer;
  status: number;
  /** Sealed. */
  answer: string;
  endpointId: string;
  position?: bigint;
  details?: Record<string, unknown>;
}

export type ChangeOutcome = { outcome: 'done' | 'unknown' | 'limit' } | { outcome: 'replayed'; hash: Buffer; status: number; answer: string };

export interface JournalPage {
  events: ReturnType<typeof eventJson>[];
  /** Where to go on: past everything that was looked at. */
  nextAfter: bigint;
  /** The last position there is. */
  head: bigint;
}

const leaseName = 'webhooks';
const bigintMax = 2n ** 63n - 1n;
const endpointColumns = 'id, tenant, url, kinds, max_in_flight, cursor, failing_since, CASE WHEN previous_until > now() THEN previous_until END AS previous_until, created_at';
const withAccounts = 'LEFT JOIN ledger.accounts a ON a.number = j.debit LEFT JOIN ledger.accounts b ON b.number = j.credit';
const rowJson = 'ledger.row_json(j, a.id, coalesce(a.currency, b.currency), b.id, NULL)';

export class WebhookStore {
  readonly #database: WebhookDatabase;
  readonly #journalWindow: number;

  /** @param journalWindow one page of the journal looks at no more positions than this, however few of them are the tenant's */
  constructor(database: WebhookDatabase, journalWindow = 20_000) {
    this.#database = database;
    this.#journalWindow = journalWindow;
  }

  /** The epoch under which `holder` is the one relay until the time-out; undefined while another one is. */
  async takeLease(holder: string, ttlMs: number): Promise<bigint | undefined> {
    const row = await this.#write('webhook_lease', 'SELECT ledger.take_lease($1, $2, $3) AS epoch', [leaseName, holder, ttlMs]);
    return row['epoch'] === null ? undefined : BigInt(row['epoch'] as string);
  }

  async giveUpLease(holder: string): Promise<void> {
    await this.#write('webhook_lease_end', 'SELECT ledger.give_up_lease($1, $2)', [leaseName, holder]);
  }

  /** Positions still unread; undefined when the lease is lost, as in all the relay's calls below. */
  async handOut(holder: string, epoch: bigint, rows: number, pendingMax: number): Promise<number | undefined> {
    return whole(await this.#write('webhook_hand_out', 'SELECT ledger.webhook_hand_out($1, $2, $3, $4) AS n', [holder, epoch, rows, pendingMax]));
  }

  /** How many endpoints came nearer. */
  async catchUp(holder: string, epoch: bigint, rows: number, pendingMax: number, endpointsMax: number): Promise<number | undefined> {
    return whole(await this.#write('webhook_catch_up', 'SELECT ledger.webhook_catch_up($1, $2, $3, $4, $5) AS n', [holder, epoch, rows, pendingMax, endpointsMax]));
  }

  /** Oldest first. Endpoints in `except` have enough to do. */
  async due(except: string[], limit: number): Promise<Due[]> {
    const rows = await this.#database.query({ name: 'webhook_due', text: 'SELECT * FROM ledger.webhook_due($1, $2)', values: [except, limit] });
    return rows.map(row => {
      const json = row['row_json'] as RowJson;
      return {
        endpointId: row['endpoint'] as string,
        tenant: row['tenant'] as string,
        position: BigInt(json['position'] as string),
        maxInFlight: row['max_in_flight'] as number,
        failing: row['failing'] as boolean,
        attempts: row['attempts'] as number,
        url: row['url'] as string,
        secrets: [row['secret'], row['previous_secret']].filter(secret => typeof secret === 'string'),
        eventId: row['event_id'] as string,
        eventType: eventTypeOf(json['kind'] as string),
        body: () => bodyOf(row['event_id'] as string, json),
      };
    });
  }

  /** How many still stood as they did when they were sent. */
  async record(holder: string, epoch: bigint, outcomes: readonly Outcome[]): Promise<number | undefined> {
    const column = <T>(pick: (outcome: Outcome) => T) => outcomes.map(pick);
    return whole(await this.#write('webhook_record', 'SELECT ledger.webhook_record($1, $2, $3, $4, $5, $6, $7, $8, $9) AS n', [
      holder, epoch, column(one => one.due.endpointId), column(one => one.due.position), column(one => one.due.attempts),
      column(one => one.delivered), column(one => one.nextMs), column(one => one.status), column(one => one.error),
    ]));
  }

  async prune(holder: string, epoch: bigint, keepDeliveredMs: number, keepDeadMs: number, limit: number): Promise<number | undefined> {
    return whole(await this.#write('webhook_prune', 'SELECT ledger.webhook_prune($1, $2, $3, $4, $5) AS n', [holder, epoch, keepDeliveredMs, keepDeadMs, limit]));
  }

  async readings(): Promise<WebhookReadings> {
    const row = only('webhook_readings', await this.#database.probe({ name: 'webhook_readings', text: 'SELECT * FROM ledger.webhook_readings()', values: [] }));
    return { lagPositions: Number(row['lag_positions']), lagSeconds: Number(row['lag_seconds']), pending: Number(row['pending']), dead: Number(row['dead']) };
  }

  async change(change: Change): Promise<ChangeOutcome> {
    const row = await this.#write('webhook_change', 'SELECT * FROM ledger.webhook_change($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
      change.what, change.tenant, change.actor, change.requestId, change.key, change.hash, change.status, change.answer,
      change.endpointId, change.position ?? null, JSON.stringify(change.details ?? {}),
    ]);
    const outcome = row['outcome'] as ChangeOutcome['outcome'];
    return outcome === 'replayed' ? { outcome, hash: row['hash'] as Buffer, status: row['status'] as number, answer: row['answer'] as string } : { outcome };
  }

  /** The database's clock and the end of the journal. */
  async now(): Promise<{ at: Date; head: bigint }> {
    const row = await this.#read('webhook_now', 'SELECT clock_timestamp() AS at, h.position AS head FROM ledger.head h', []);
    return { at: row['at'] as Date, head: BigInt(row['head'] as string) };
  }

  async endpoints(tenant: string): Promise<Endpoint[]> {
    const rows = await this.#database.queryAs(tenant, { name: 'webhook_endpoints', text: `SELECT ${endpointColumns} FROM ledger.webhook_endpoints WHERE disabled_at IS NULL ORDER BY created_at, id`, values: [] });
    return rows.map(toEndpoint);
  }

  async endpoint(tenant: string, id: string): Promise<Endpoint | undefined> {
    const [row] = await this.#database.queryAs(tenant, { name: 'webhook_endpoint', text: `SELECT ${endpointColumns} FROM ledger.webhook_endpoints WHERE id = $1 AND disabled_at IS NULL`, values: [id] });
    return row && toEndpoint(row);
  }

  /** Newest first, of one state or of all. */
  async deliveries(tenant: string, endpointId: string, state: DeliveryState | undefined, below: bigint | undefined, limit: number): Promise<Delivery[]> {
    // A constant in the text, so that the index of that state serves.
    const inState = state ? `AND d.state = '${state}'` : '';
    const text = `
SELECT d.position, ledger.public_id('ev', j.created_at, j.position) AS event_id, j.kind::text AS kind, d.state, d.attempts, d.next_attempt_at, d.last_attempt_at, d.last_status, d.last_error
  FROM ledger.webhook_deliveries d JOIN ledger.journal j ON j.position = d.position
 WHERE d.endpoint = $1 AND d.position < $2 ${inState} ORDER BY d.position DESC LIMIT $3`;
    const rows = await this.#database.queryAs(tenant, { name: `webhook_deliveries_${state ?? 'all'}`, text, values: [endpointId, below ?? bigintMax, limit] });
    return rows.map(toDelivery);
  }

  /** The tenant's events after a position, in order. */
  async journal(tenant: string, after: bigint, limit: number): Promise<JournalPage> {
    const text = `
SELECT h.position AS head, e.* FROM ledger.head h LEFT JOIN LATERAL (
  SELECT ledger.public_id('ev', j.created_at, j.position) AS event_id, ${rowJson} AS row_json, j.position
    FROM ledger.journal j ${withAccounts}
   WHERE j.position > $1 AND j.position <= least(h.position, $2) AND (j.kind <> 'account' OR j.status = 201) ORDER BY j.position LIMIT $3) e ON true ORDER BY e.position`;
    const window = BigInt(this.#journalWindow);
    const windowEnd = after > bigintMax - window ? bigintMax : after + window;
    const rows = await this.#database.queryAs(tenant, { name: 'webhook_journal', text, values: [after, windowEnd, limit] });
    const head = BigInt((rows[0]?.['head'] ?? 0) as string);
    const events = rows.filter(row => row['event_id'] !== null).map(row => eventJson(row['event_id'] as string, row['row_json'] as RowJson));
    const lookedUpTo = events.length === limit ? BigInt(events.at(-1)!.position) : windowEnd < head ? windowEnd : head;
    return { events, nextAfter: lookedUpTo > after ? lookedUpTo : after, head };
  }

  async #read(name: string, text: string, values: unknown[]): Promise<Row> {
    return only(name, await this.#database.query({ name, text, values }));
  }

  async #write(name: string, text: string, values: unknown[]): Promise<Row> {
    return only(name, await this.#database.write({ name, text, values }));
  }
}

/** A row of a format that is newer than this version must not hold up the others. */
function bodyOf(id: string, json: RowJson): string | undefined {
  try {
    return JSON.stringify(eventJson(id, json));
  } catch {
    return undefined;
  }
}

function only(name: string, [row]: Row[]): Row {
  if (!row) throw new Error(`${name} returned no row`);
  return row;
}

function whole(row: Row): number | undefined {
  return row['n'] === null ? undefined : Number(row['n']);
}

function toEndpoint(row: Row): Endpoint {
  return {
    id: row['id'] as string,
    tenant: row['tenant'] as string,
    url: row['url'] as string,
    kinds: row['kinds'] as string[],
    maxInFlight: row['max_in_flight'] as number,
    cursor: row['cursor'] === null ? null : BigInt(row['cursor'] as string),
    failingSince: row['failing_since'] as Date | null,
    previousUntil: row['previous_until'] as Date | null,
    createdAt: row['created_at'] as Date,
  };
}

function toDelivery(row: Row): Delivery {
  return {
    position: BigInt(row['position'] as string),
    eventId: row['event_id'] as string,
    kind: row['kind'] as string,
    state: row['state'] as DeliveryState,
    attempts: row['attempts'] as number,
    nextAttemptAt: row['next_attempt_at'] as Date | null,
    lastAttemptAt: row['last_attempt_at'] as Date | null,
    lastStatus: row['last_status'] as number | null,
    lastError: row['last_error'] as string | null,
  };
}
