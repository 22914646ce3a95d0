/** Load as payers make it, and the reckoning afterwards: every acknowledged payment must be there, exactly once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, Reply, TestDatabase } from './ledger.ts';

export interface Reckoning {
  /** Acknowledged payments that were looked up, one by one, by key and id. */
  checked: number;
  /** Acknowledged, and not in the journal. */
  lost: string[];
  /** Keys with more than one posted row in the journal. */
  doubled: string[];
}

export class Payers {
  /** Key -> id of the transfer in the 201 that came back. */
  readonly acknowledged = new Map<string, string>();
  /** Code or status -> how often. */
  readonly answers: Record<string, number> = {};
  /** Answers that no payer may get, whatever breaks. */
  readonly wrong: string[] = [];
  readonly #apis: () => Api[];
  readonly #accounts: { from: string[]; to: string };
  #stopping = false;
  #running: Promise<unknown> = Promise.resolve();

  /** @param apis the ledgers that may be asked now; a payer asks another one after each failure, as behind a balancer */
  constructor(apis: () => Api[], accounts: { from: string[]; to: string }) {
    this.#apis = apis;
    this.#accounts = accounts;
  }

  start(count: number): this {
    this.#running = Promise.all(Array.from({ length: count }, (_, index) => this.#pay(index)));
    return this;
  }

  /** One key per payment, the same key until it is answered for good: that is all a payer has to do. */
  async #pay(index: number): Promise<void> {
    for (let turn = index; !this.#stopping; turn++) {
      const key = randomUUID();
      const from = this.#accounts.from[turn % this.#accounts.from.length]!;
      for (let tries = 0; tries < 1_200; tries++) {
        const apis = this.#apis();
        const api = apis[(turn + tries) % apis.length]!;
        const reply: Reply | undefined = await api.transfer(from, this.#accounts.to, 1, {}, key).catch(() => undefined);
        const answer = reply ? String(reply.json?.code ?? reply.status) : 'no answer';
        this.answers[answer] = (this.answers[answer] ?? 0) + 1;
        if (reply?.status === 201) {
          this.acknowledged.set(key, reply.json.id);
          break;
        }
        if (reply && !reply.json?.retryable) {
          this.wrong.push(reply.text);
          break;
        }
        await sleep(20 + Math.random() * 60);
      }
    }
  }

  /** Until so many more were acknowledged. */
  async progress(count: number, timeoutMs = 60_000): Promise<void> {
    const goal = this.acknowledged.size + count;
    for (const until = performance.now() + timeoutMs; this.acknowledged.size < goal; await sleep(20)) {
      if (performance.now() > until) throw new Error(`only ${this.acknowledged.size} of ${goal} payments were acknowledged: ${JSON.stringify(this.answers)}`);
    }
  }

  /** Until what is under way is answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async reckon(database: TestDatabase): Promise<Reckoning> {
    const keys = [...this.acknowledged.keys()];
    const rows = await database.as('ledger_readonly', 'SELECT key, id FROM ledger.transfers WHERE key = ANY ($1)', [keys]);
    const found = new Map<string, string[]>();
    for (const row of rows) found.set(row['key'] as string, [...(found.get(row['key'] as string) ?? []), row['id'] as string]);
    const lost = keys.filter(key => !found.get(key)?.includes(this.acknowledged.get(key)!));
    return { checked: keys.length, lost, doubled: [...found].filter(([, ids]) => ids.length > 1).map(([key]) => key) };
  }
}
