import { resolvePackagePath } from '@backstage/backend-plugin-api';
import { Knex } from 'knex';
import { AbortRequest, eventHash, firstHash, JournalEvent, RunState, StoredRun, StoredStep } from '../run';
import { Facts } from '../step';
import { EventRow, newRunRow, newStepRow, RunRow, StepRow, toEvent, toRun } from '../runRows';

/** Proof of being the one worker of a run; every write shows it. */
export interface Lease {
  runId: string;
  owner: string;
  token: number;
}

/** The lease was taken over by another worker: stop at once, write nothing. */
export class StaleLeaseError extends Error {
  constructor(lease: Lease) {
    super(`Run ${lease.runId} was taken over from ${lease.owner} (lease ${lease.token})`);
    this.name = 'StaleLeaseError';
  }
}

/** Somebody asked to abort while the worker was about to pass the point of no return. */
export class AbortRequestedError extends Error {
  constructor(runId: string) {
    super(`Run ${runId} is to be aborted`);
    this.name = 'AbortRequestedError';
  }
}

export interface NewEvent {
  actor: string;
  kind: string;
  stepId?: string;
  text: string;
}

/** What one journal entry changes besides being written; all of it or nothing. */
export interface JournalChange {
  state?: RunState;
  endedAtMs?: number;
  facts?: Facts;
  abort?: AbortRequest | null;
  step?: Pick<StoredStep, 'id'> & Partial<StoredStep>;
  /** Refuse with AbortRequestedError when an abort was asked for. */
  unlessAborting?: boolean;
}

export type CreateResult = { created: true; run: StoredRun } | { created: false; why: 'exists'; run: StoredRun } | { created: false; why: 'another-open'; runId: string };
export type NewRun = Omit<StoredRun, 'state' | 'endedAtMs' | 'facts' | 'abort' | 'steps'>;

/** The journal of runs in the portal's own database. Events are only added; each carries the hash of the one before. */
export interface RunStore {
  create(run: NewRun, event: NewEvent): Promise<CreateResult>;
  get(id: string): Promise<StoredRun | null>;
  events(id: string): Promise<JournalEvent[]>;
  /** Newest first. */
  list(filter: { system?: string; limit: number }): Promise<StoredRun[]>;
  openRun(system: string): Promise<string | null>;
  lastSucceeded(system: string): Promise<StoredRun | null>;
  /** Running runs whose lease has run out: their worker died or never began. */
  abandoned(): Promise<string[]>;
  /** Null while another worker holds it, or when the run does not run. */
  acquire(runId: string, owner: string, leaseMs: number): Promise<Lease | null>;
  /** @throws StaleLeaseError */
  extend(lease: Lease, leaseMs: number): Promise<void>;
  release(lease: Lease): Promise<void>;
  /** Writes as the worker. @throws StaleLeaseError, AbortRequestedError */
  record(lease: Lease, event: NewEvent, change?: JournalChange): Promise<void>;
  /** Decides and writes as a person, in one transaction with what was read. Null from `decide` writes nothing. */
  steer(runId: string, decide: (run: StoredRun) => { event: NewEvent; change: JournalChange } | null): Promise<StoredRun | null>;
}

const listMax = 200;

export class KnexRunStore implements RunStore {
  constructor(private readonly db: Knex, private readonly now: () => number = Date.now) {}

  /** Brings the tables up to date first. */
  static async create(db: Knex, now?: () => number): Promise<KnexRunStore> {
    await db.migrate.latest({ directory: resolvePackagePath('@airpay/plugin-airpay-dr-backend', 'migrations') });
    return new KnexRunStore(db, now);
  }

  async create(run: NewRun, event: NewEvent): Promise<CreateResult> {
    try {
      return await this.db.transaction(async tx => {
        const existing = await this.read(tx, run.id);
        if (existing) return { created: false, why: 'exists', run: existing };
        await tx('recovery_run').insert(newRunRow(run));
        await tx('recovery_run_step').insert(run.plannedSteps.map((step, position) => newStepRow(run.id, step.id, position)));
        await this.append(tx, run.id, event);
        return { created: true, run: (await this.read(tx, run.id))! };
      });
    } catch (error) {
      // Lost the race for a unique key: the same id, or the one open run of the system. Look which.
      const existing = await this.get(run.id);
      if (existing) return { created: false, why: 'exists', run: existing };
      const open = await this.openRun(run.system);
      if (open) return { created: false, why: 'another-open', runId: open };
      throw error;
    }
  }

  async get(id: string): Promise<StoredRun | null> {
    return this.read(this.db, id);
  }

  async events(id: string): Promise<JournalEvent[]> {
    const rows = await this.db<EventRow>('recovery_run_event').where({ run_id: id }).orderBy('sequence');
    return rows.map(toEvent);
  }

  async list({ system, limit }: { system?: string; limit: number }): Promise<StoredRun[]> {
    const query = this.db<RunRow>('recovery_run').orderBy('started_at_ms', 'desc').limit(Math.min(limit, listMax));
    return this.withSteps(await (system ? query.where({ system }) : query));
  }

  async openRun(system: string): Promise<string | null> {
    const row = await this.db<RunRow>('recovery_run').where({ system }).whereIn('state', ['running', 'needsHuman']).first('id');
    return row?.id ?? null;
  }

  async lastSucceeded(system: string): Promise<StoredRun | null> {
    const rows = await this.db<RunRow>('recovery_run').where({ system, state: 'succeeded' }).orderBy('ended_at_ms', 'desc').limit(1);
    return (await this.withSteps(rows))[0] ?? null;
  }

  async abandoned(): Promise<string[]> {
    const rows = await this.db<RunRow>('recovery_run').where({ state: 'running' }).where('lease_until_ms', '<', this.now()).select('id');
    return rows.map(row => row.id);
  }

  async acquire(runId: string, owner: string, leaseMs: number): Promise<Lease | null> {
    return this.db.transaction(async tx => {
      const row = await this.lock(tx, runId);
      const now = this.now();
      if (!row || row.state !== 'running' || Number(row.lease_until_ms) >= now) return null;
      const token = row.lease_token + 1;
      await tx('recovery_run').where({ id: runId }).update({ lease_owner: owner, lease_token: token, lease_until_ms: now + leaseMs });
      return { runId, owner, token };
    });
  }

  async extend(lease: Lease, leaseMs: number): Promise<void> {
    const changed = await this.db('recovery_run')
      .where({ id: lease.runId, lease_token: lease.token })
      .update({ lease_until_ms: this.now() + leaseMs });
    if (changed !== 1) throw new StaleLeaseError(lease);
  }

  async release(lease: Lease): Promise<void> {
    await this.db('recovery_run').where({ id: lease.runId, lease_token: lease.token }).update({ lease_until_ms: 0 });
  }

  async record(lease: Lease, event: NewEvent, change: JournalChange = {}): Promise<void> {
    await this.db.transaction(async tx => {
      const row = await this.lock(tx, lease.runId);
      if (row?.lease_token !== lease.token) throw new StaleLeaseError(lease);
      if (change.unlessAborting && row.abort_json !== 'null') throw new AbortRequestedError(lease.runId);
      await this.append(tx, lease.runId, event, change);
    });
  }

  async steer(
    runId: string,
    decide: (run: StoredRun) => { event: NewEvent; change: JournalChange } | null,
  ): Promise<StoredRun | null> {
    return this.db.transaction(async tx => {
      if (!(await this.lock(tx, runId))) return null;
      const run = (await this.read(tx, runId))!;
      const decision = decide(run);
      if (decision) await this.append(tx, runId, decision.event, decision.change);
      return this.read(tx, runId);
    });
  }

  /** Holds the row until the transaction ends: whoever decides on a run decides alone. SQLite locks the whole database instead. */
  private async lock(tx: Knex.Transaction, runId: string): Promise<RunRow | undefined> {
    return tx<RunRow>('recovery_run').where({ id: runId }).forUpdate().first();
  }

  private async append(tx: Knex.Transaction, runId: string, event: NewEvent, change: JournalChange = {}): Promise<void> {
    const row = await tx<RunRow>('recovery_run').where({ id: runId }).first();
    if (!row) throw new Error(`Run ${runId} does not exist`);
    const entry = { sequence: row.last_sequence + 1, atMs: this.now(), actor: event.actor, kind: event.kind, stepId: event.stepId ?? null, text: event.text };
    const previousHash = row.last_sequence === 0 ? firstHash(runId) : row.last_hash;
    const hash = eventHash(previousHash, entry);
    await tx('recovery_run_event').insert({
      run_id: runId, sequence: entry.sequence, at_ms: entry.atMs, actor: entry.actor, kind: entry.kind, step_id: entry.stepId,
      text: entry.text, previous_hash: previousHash, hash,
    });
    const { step, unlessAborting: _, ...run } = change;
    await tx('recovery_run').where({ id: runId }).update({
      last_sequence: entry.sequence,
      last_hash: hash,
      ...(run.state === undefined ? {} : { state: run.state }),
      ...(run.endedAtMs === undefined ? {} : { ended_at_ms: run.endedAtMs }),
      ...(run.facts === undefined ? {} : { facts_json: JSON.stringify({ ...JSON.parse(row.facts_json), ...run.facts }) }),
      ...(run.abort === undefined ? {} : { abort_json: JSON.stringify(run.abort) }),
    });
    if (step) await this.updateStep(tx, runId, step);
  }

  private async updateStep(tx: Knex.Transaction, runId: string, step: NonNullable<JournalChange['step']>): Promise<void> {
    const changed = await tx('recovery_run_step').where({ run_id: runId, step_id: step.id }).update({
      ...(step.state === undefined ? {} : { state: step.state }),
      ...(step.startedAtMs === undefined ? {} : { started_at_ms: step.startedAtMs }),
      ...(step.endedAtMs === undefined ? {} : { ended_at_ms: step.endedAtMs }),
      ...(step.attempts === undefined ? {} : { attempts: step.attempts }),
      ...(step.error === undefined ? {} : { error: step.error }),
      ...(step.acting === undefined ? {} : { acting: step.acting }),
    });
    if (changed !== 1) throw new Error(`Run ${runId} has no step ${step.id}`);
  }

  private async read(db: Knex, id: string): Promise<StoredRun | null> {
    return (await this.withSteps(await db<RunRow>('recovery_run').where({ id }), db))[0] ?? null;
  }

  private async withSteps(rows: RunRow[], db: Knex = this.db): Promise<StoredRun[]> {
    const ids = rows.map(row => row.id);
    const steps = await db<StepRow>('recovery_run_step').whereIn('run_id', ids).orderBy('position');
    return rows.map(row => toRun(row, steps.filter(step => step.run_id === row.id)));
  }
}
