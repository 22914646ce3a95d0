/**
 * The relay: hands the journal's events out to the endpoints and sends what is due, on one process at a time.
 *
 * One loop owns all database work; sends run beside it and come back to it through a queue. Whatever is in memory here
 * may be lost at any time: a delivery is due until its outcome is recorded, so an event goes out at least once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sent } from '../adapters/webhook-http.ts';
import type { DeliveryResult } from '../adapters/webhook-metrics.ts';
import type { Due, Outcome, WebhookStore } from '../adapters/webhooks.ts';
import type { Sealer } from '../domain/sealed.ts';
import { sign, signatureHeader } from '../domain/webhook-signature.ts';
import { chooseDue, delayAfter, retryDelaysMs, secretPlace, type Limits } from '../domain/webhook.ts';

export interface RelayOptions {
  /** Unlike that of any other process, also of this one before its restart. */
  holder: string;
  /** Before each attempt; as many attempts as there are delays. */
  delaysMs: readonly number[];
  limits: Limits;
  leaseTtlMs: number;
  /** How long it looks away when there was nothing to do. */
  pollMs: number;
  /** Between two looks into the journal while deliveries come and go. */
  lookMs: number;
  /** Between the beginnings of two turns, however much there is to do. */
  turnMs: number;
  handOutRows: number;
  catchUpRows: number;
  catchUpEndpoints: number;
  /** Per endpoint; what comes after waits in the journal. */
  pendingMax: number;
  pruneEveryMs: number;
  pruneRows: number;
  keepDeliveredMs: number;
  keepDeadMs: number;
}

const dayMs = 86_400_000;

export const relayDefaults: Omit<RelayOptions, 'holder'> = {
  delaysMs: retryDelaysMs,
  limits: { inFlight: 16, perTenant: 8, failing: 8 },
  leaseTtlMs: 10_000,
  pollMs: 250,
  lookMs: 50,
  turnMs: 5,
  handOutRows: 1_000,
  catchUpRows: 5_000,
  catchUpEndpoints: 8,
  pendingMax: 1_000,
  pruneEveryMs: 60_000,
  pruneRows: 5_000,
  keepDeliveredMs: 7 * dayMs,
  keepDeadMs: 90 * dayMs,
};

export interface RelayParts {
  store: WebhookStore;
  http: { post(url: string, headers: Record<string, string>, body: string, signal?: AbortSignal): Promise<Sent> };
  sealer: Sealer;
  metrics: { count(result: DeliveryResult): void };
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Unix time, for signatures. */
  nowMs?: () => number;
  /** Never goes back, for the lease. */
  elapsedMs?: () => number;
}

/** What the database says when another one has the lease: not a failure. */
class LeaseLost extends Error {}

/** How often it looks for what is due in one turn, when what it found first has no room. */
const dueRounds = 8;

export class Relay {
  readonly #parts: Required<RelayParts>;
  readonly #options: RelayOptions;
  readonly #inFlight = new Set<Due>();
  #outcomes: Outcome[] = [];
  #epoch: bigint | undefined;
  /** By `elapsedMs`: not to be sent after this without asking again. */
  #leaseEndsMs = 0;
  #leaseAskedMs = -Infinity;
  #lookedMs = -Infinity;
  #prunedMs = -Infinity;
  #wake: (() => void) | undefined;
  #woken = false;
  #trouble = '';
  readonly #abandon = new AbortController();
  #stopping = false;
  #loop: Promise<void> | undefined;

  constructor(parts: RelayParts, options: RelayOptions) {
    this.#parts = { nowMs: Date.now, elapsedMs: () => performance.now(), ...parts };
    this.#options = options;
  }

  /** Whether this process is the one that sends, as far as it knows. */
  get leads(): boolean {
    return this.#epoch !== undefined && this.#parts.elapsedMs() < this.#leaseEndsMs;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** There is something new in the journal: no need to wait until it is looked for. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Begins nothing new, gives what is under way `graceMs` to end, records it and hands the lease on. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#loop;
    const deadline = this.#parts.elapsedMs() + graceMs;
    while (this.#sending() > 0 && this.#parts.elapsedMs() < deadline) await sleep(20);
    this.#abandon.abort();
    if (this.#epoch === undefined) return;
    try {
      await this.#record();
      await this.#parts.store.giveUpLease(this.#options.holder);
    } catch (error) {
      // The lease runs out by itself, and what was not recorded is sent again.
      this.#tell(error);
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const startedMs = this.#parts.elapsedMs();
      this.#woken = false;
      const busy = await this.#turn().then(
        worked => {
          this.#trouble = '';
          return worked;
        },
        error => {
          this.#tell(error);
          return false;
        },
      );
      if (!busy && !this.#woken) await this.#idle();
      await sleep(Math.max(0, startedMs + this.#options.turnMs - this.#parts.elapsedMs()));
    }
  }

  /** True when there is more to do right away. */
  async #turn(): Promise<boolean> {
    if (!(await this.#lead())) return false;
    const { store } = this.#parts;
    const { holder, lookMs, handOutRows, catchUpRows, catchUpEndpoints, pendingMax } = this.#options;
    const epoch = this.#epoch!;
    await this.#record();
    let more = false;
    if (this.#parts.elapsedMs() - this.#lookedMs >= lookMs) {
      const behind = held(await store.handOut(holder, epoch, handOutRows, pendingMax));
      const moved = held(await store.catchUp(holder, epoch, catchUpRows, pendingMax, catchUpEndpoints));
      more = behind > 0 || moved > 0;
      this.#lookedMs = more ? -Infinity : this.#parts.elapsedMs();
      await this.#prune(epoch);
    }
    const sent = await this.#sendDue();
    return more || sent > 0;
  }

  /** Takes or keeps the lease, asking three times in its life. */
  async #lead(): Promise<boolean> {
    const { store, elapsedMs } = this.#parts;
    const { holder, leaseTtlMs } = this.#options;
    const askedMs = elapsedMs();
    if (askedMs - this.#leaseAskedMs < leaseTtlMs / 3) return this.leads;
    const epoch = await store.takeLease(holder, leaseTtlMs);
    if (epoch !== this.#epoch) {
      this.#forget();
      this.#parts.log.info({ epoch: epoch?.toString() }, epoch === undefined ? 'webhooks are sent by another process' : 'webhooks are sent by this process');
    }
    this.#epoch = epoch;
    this.#leaseAskedMs = askedMs;
    // From before the question: the database's clock started no earlier.
    this.#leaseEndsMs = askedMs + leaseTtlMs;
    return epoch !== undefined;
  }

  /** Starts what is due and has room. Returns how many. */
  async #sendDue(): Promise<number> {
    const { limits } = this.#options;
    const full = new Set<string>();
    let started = 0;
    for (let round = 0; round < dueRounds && this.#inFlight.size < limits.inFlight; round++) {
      // Twice as many as there is room for: some of them will have to wait for their own consumer.
      const dueRows = 2 * (limits.inFlight - this.#inFlight.size);
      const due = await this.#parts.store.due([...full], dueRows);
      const chosen = chooseDue(due, [...this.#inFlight], limits);
      for (const one of chosen) {
        // Stopped for long between question and answer, another may lead by now.
        if (!this.leads) throw new LeaseLost();
        this.#inFlight.add(one);
        void this.#send(one);
      }
      started += chosen.length;
      if (due.length < dueRows) break;
      for (const one of due) if (!chosen.includes(one)) full.add(one.endpointId);
    }
    return started;
  }

  async #send(due: Due): Promise<void> {
    const sent = await this.#post(due);
    const delivered = sent.error === null;
    const delay = delivered ? 'dead' : delayAfter(due.attempts + 1, this.#options.delaysMs);
    if (!this.#inFlight.has(due)) return; // the lease was lost meanwhile
    this.#outcomes.push({ due, delivered, nextMs: delay === 'dead' ? null : delay, status: sent.status, error: sent.error });
    this.wake();
  }

  async #post(due: Due): Promise<Sent> {
    const secrets = due.secrets.map(secret => this.#parts.sealer.open(secret, secretPlace(due.tenant, due.endpointId))).filter(secret => secret !== undefined);
    if (secrets.length === 0) return { status: null, error: 'the secret could not be opened: its key is not known to the ledger' };
    const body = due.body();
    if (body === undefined) return { status: null, error: 'the event could not be told: it was written by a newer version of the ledger' };
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Airpay-Ledger-Webhooks/1',
      [signatureHeader]: sign(secrets, Math.floor(this.#parts.nowMs() / 1_000), body),
      'airpay-event-id': due.eventId,
      'airpay-event-type': due.eventType,
      'airpay-delivery-attempt': String(due.attempts + 1),
    };
    return this.#parts.http.post(due.url, headers, body, this.#abandon.signal);
  }

  /** What failed to be recorded stays in the queue and in flight: it is neither lost nor sent again. */
  async #record(): Promise<void> {
    const outcomes = this.#outcomes.slice(0, this.#options.limits.inFlight);
    if (outcomes.length === 0) return;
    held(await this.#parts.store.record(this.#options.holder, this.#epoch!, outcomes));
    this.#outcomes = this.#outcomes.slice(outcomes.length);
    for (const { due, delivered, nextMs, status, error } of outcomes) {
      this.#inFlight.delete(due);
      const result = delivered ? 'delivered' : nextMs === null ? 'dead' : 'failed';
      this.#parts.metrics.count(result);
      if (!delivered) this.#parts.log.info({ endpoint: due.endpointId, event: due.eventId, attempt: due.attempts + 1, status, error, nextMs }, 'webhook not delivered');
    }
  }

  async #prune(epoch: bigint): Promise<void> {
    const { holder, pruneEveryMs, pruneRows, keepDeliveredMs, keepDeadMs } = this.#options;
    if (this.#parts.elapsedMs() - this.#prunedMs < pruneEveryMs) return;
    this.#prunedMs = this.#parts.elapsedMs();
    held(await this.#parts.store.prune(holder, epoch, keepDeliveredMs, keepDeadMs, pruneRows));
  }

  /** What another leader sends from now on is no longer ours to record. */
  #forget(): void {
    this.#inFlight.clear();
    this.#outcomes = [];
  }

  #sending(): number {
    return this.#inFlight.size - this.#outcomes.length;
  }

  #tell(error: unknown): void {
    // Asked for again before anything is sent: it writes, so it also waits for a standby that has not confirmed the last write.
    this.#leaseAskedMs = -Infinity;
    if (error instanceof LeaseLost) {
      this.#forget();
      this.#epoch = undefined;
      this.#parts.log.info({}, 'webhooks: the lease is lost');
      return;
    }
    // Once per kind of trouble: the database may be away for long.
    const { code, message } = error as { code?: string; message: string };
    if (this.#trouble === (code ?? message)) return;
    this.#trouble = code ?? message;
    this.#parts.log.warn({ code, reason: message }, 'webhooks are waiting');
  }

  async #idle(): Promise<void> {
    const timer = sleep(this.#options.pollMs, undefined, { ref: false });
    await Promise.race([timer, new Promise<void>(settle => (this.#wake = settle))]);
    this.#wake = undefined;
  }
}

function held<T>(answer: T | undefined): T {
  if (answer === undefined) throw new LeaseLost();
  return answer;
}
