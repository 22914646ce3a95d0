/**
 * Balances and answers in Redis: a copy that may be lost, late or false without anybody being paid wrongly. Every entry has the
 * version of what it says, and a script writes it only over an older one. docs/adr/0075.
 */
import { createHash } from 'node:crypto';
import type { Applied, BalanceCache, CacheMeter, CacheStore, CommittedBalances } from '../domain/cache.ts';
import {
  answerPayload, balancePayload, entryKey, openEntry, parseAnswer, parseBalance, parseTerms, sealEntry, termsPayload,
  type CachedAnswer, type CacheView, type EntryKind, type Epoch, type NamedBalance,
} from '../domain/cached.ts';
import type { Account } from '../domain/model.ts';
import { RedisUnavailable, type RedisConnection, type RedisScript } from '../domain/redis.ts';

export interface CacheOptions {
  /** How long an entry is good for; what a Redis that has lost writes, or a liar, can gain at most. */
  balanceTtlMs: number;
  /** Terms of an account never change. */
  termsTtlMs: number;
  answerTtlMs: number;
  /** The cache is not read unless it is known to have been complete within this time. */
  staleMaxMs: number;
  /** After the history changed, nothing is written for so long: what is still coming back from the old one must not get into the new. */
  quarantineMs: number;
  /** Entries that wait to be written; more are dropped. */
  queueMax: number;
}

export const cacheDefaults: CacheOptions = {
  balanceTtlMs: 60_000,
  termsTtlMs: 3_600_000,
  answerTtlMs: 600_000,
  staleMaxMs: 3_000,
  quarantineMs: 10_000,
  queueMax: 20_000,
};

const chunkMax = 256;
const floorsMax = 50_000;
const markTtlMs = 3_600_000;

/**
 * KEYS: entries. ARGV: for each its text and time to live in ms. An entry's version is its first word; it is written where
 * what stands there is older or is not an entry. Versions are compared as digits: Lua's numbers are exact to 2^53 only.
 * Returns for each: '' when it was written, else the version that stays.
 */
const applySource = `
local results = {}
for i, key in ipairs(KEYS) do
  local text, ttl = ARGV[2 * i - 1], ARGV[2 * i]
  local new = string.match(text, '^(%d+) ')
  local current = redis.pcall('GET', key)
  local old = type(current) == 'string' and string.match(current, '^(%d+) ')
  if old and (#old > #new or (#old == #new and old >= new)) then
    results[i] = old
  else
    redis.call('SET', key, text, 'PX', ttl)
    results[i] = ''
  end
end
return results`;

/** KEYS: entries. ARGV: for each the SHA-1 of a text that is not believed. Deletes it unless another one stands there by now. */
const discardSource = `
for i, key in ipairs(KEYS) do
  local current = redis.pcall('GET', key)
  if type(current) ~= 'string' and type(current) ~= 'boolean' or type(current) == 'string' and redis.sha1hex(current) == ARGV[i] then redis.call('DEL', key) end
end
return 0`;

/** KEYS: the lock. ARGV: holder, time to live in ms. Takes it or prolongs it. */
const leadSource = `
local holder = redis.pcall('GET', KEYS[1])
if type(holder) == 'string' and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');
const script = (source: string): RedisScript => ({ source, sha1: sha1(source) });
const [applyScript, discardScript, leadScript] = [applySource, discardSource, leadSource].map(script) as [RedisScript, RedisScript, RedisScript];

const nameOf = (one: { tenant: string; id: string }) => `${one.tenant}:${one.id}`;

/** A Redis that lies may answer anything. */
function listOf(answer: unknown, length: number): unknown[] {
  if (!Array.isArray(answer) || answer.length !== length) throw new RedisUnavailable('the answer is not the list that was asked for');
  return answer;
}

interface Write {
  epoch: Epoch;
  key: string;
  version: bigint;
  ttlMs: number;
  payload: string;
  /** Set for a balance: its name among the floors. */
  name?: string;
}

export class RedisCache implements BalanceCache, CacheStore {
  readonly #redis: RedisConnection;
  readonly #meter: CacheMeter;
  readonly #options: CacheOptions;
  #view: CacheView | undefined;
  #lastEpoch: string | undefined;
  /** In which of its lives Redis was last asked for the mark. */
  #markedIn = -1;
  #quarantineUntilMs = 0;
  /** Name of each account that this process has committed lately: the version it reached, and when that can be forgotten. */
  readonly #floors = new Map<string, { version: number; untilMs: number }>();
  #floorsLostUntilMs = 0;
  readonly #queue = new Map<string, Write>();
  #flushing: Promise<void> | undefined;
  #asked: { keys: readonly string[]; settle: (texts: unknown[] | undefined) => void }[] = [];
  #closed = false;

  constructor(redis: RedisConnection, meter: CacheMeter, options: Partial<CacheOptions> = {}) {
    this.#redis = redis;
    this.#meter = meter;
    this.#options = { ...cacheDefaults, ...options };
  }

  async readAccount(tenant: string, id: string, minVersion = 0): Promise<Account | undefined> {
    const epoch = this.#readable(true);
    if (!epoch) return this.#read('account', 'bypass');
    const name = `${tenant}:${id}`;
    const floor = this.#floorOf(name);
    const keys = [entryKey(epoch, 'bal', name), entryKey(epoch, 'terms', name)] as const;
    const texts = await this.#get(keys);
    if (!texts) return this.#read('account', 'error');
    const [balanceText, termsText] = texts;
    if (balanceText === null || termsText === null) return this.#read('account', 'miss');
    const balance = this.#open(epoch, keys[0], balanceText, this.#options.balanceTtlMs, parseBalance);
    const terms = this.#open(epoch, keys[1], termsText, this.#options.termsTtlMs, (_version, payload) => parseTerms(tenant, id, payload));
    if (!balance || !terms) return this.#read('account', 'error');
    if (balance.version < minVersion || balance.version < floor) return this.#read('account', 'stale');
    this.#meter.read('account', 'hit');
    return { ...terms, ...balance };
  }

  async readAnswer(tenant: string, key: string): Promise<CachedAnswer | undefined> {
    const epoch = this.#readable(false);
    if (!epoch) return this.#read('answer', 'bypass');
    const entry = entryKey(epoch, 'idem', `${tenant}:${key}`);
    const texts = await this.#get([entry]);
    if (!texts) return this.#read('answer', 'error');
    const [text] = texts;
    if (text === null) return this.#read('answer', 'miss');
    const answer = this.#open(epoch, entry, text, this.#options.answerTtlMs, (_version, payload) => parseAnswer(payload));
    if (!answer) return this.#read('answer', 'error');
    this.#meter.read('answer', 'hit');
    return answer;
  }

  accountRead(account: Account): void {
    const name = nameOf(account);
    this.#put('terms', name, { version: 1n, ttlMs: this.#options.termsTtlMs, payload: termsPayload(account) });
    this.#put('bal', name, { version: BigInt(account.version), ttlMs: this.#options.balanceTtlMs, payload: balancePayload(account), name });
  }

  committed(batch: CommittedBalances): void {
    // Also while nothing is written: what this process has promised it must not unsay with an older entry.
    const untilMs = performance.now() + this.#options.staleMaxMs * 2;
    for (const balances of batch.accounts) {
      const name = nameOf(balances.account);
      this.#raiseFloor(name, balances.version, untilMs);
      this.#put('bal', name, { version: BigInt(balances.version), ttlMs: this.#options.balanceTtlMs, payload: balancePayload(balances), name });
    }
  }

  answered(tenant: string, key: string, answer: CachedAnswer): void {
    this.#put('idem', `${tenant}:${key}`, { version: 1n, ttlMs: this.#options.answerTtlMs, payload: answerPayload(answer) });
  }

  /** Resolves when nothing waits to be written any more. */
  async settled(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.clear();
    await this.settled();
  }

  look(view: CacheView | undefined): void {
    this.#view = view;
    if (!view || view.epoch.name === this.#lastEpoch) return;
    if (this.#lastEpoch !== undefined) this.#quarantineUntilMs = performance.now() + this.#options.quarantineMs;
    this.#lastEpoch = view.epoch.name;
    this.#meter.dropped(this.#queue.size);
    this.#queue.clear();
  }

  async readMark(epoch: Epoch): Promise<bigint | undefined> {
    const key = entryKey(epoch, 'mark', 'journal');
    this.#markedIn = this.#redis.timesUp;
    const text = await this.#redis.send(['GET', key]);
    return text === null ? undefined : this.#open(epoch, key, text, markTtlMs, version => version);
  }

  async writeMark(epoch: Epoch, position: bigint): Promise<void> {
    const key = entryKey(epoch, 'mark', 'journal');
    await this.#apply([{ epoch, key, version: position, ttlMs: markTtlMs, payload: '' }]);
  }

  async lead(epoch: Epoch, holder: string, ttlMs: number): Promise<boolean> {
    return (await this.#redis.script(leadScript, [`ledger:${epoch.name}:lead`], [holder, ttlMs.toString()])) === 1;
  }

  async peek(epoch: Epoch, names: readonly { tenant: string; id: string }[]): Promise<(NamedBalance | undefined)[]> {
    if (names.length === 0) return [];
    const keys = names.map(one => entryKey(epoch, 'bal', nameOf(one)));
    const texts = listOf(await this.#redis.send(['MGET', ...keys]), keys.length);
    return names.map(({ tenant, id }, index) => {
      const balance = texts[index] === null ? undefined : this.#open(epoch, keys[index]!, texts[index], this.#options.balanceTtlMs, parseBalance);
      return balance && { tenant, id, ...balance };
    });
  }

  async apply(epoch: Epoch, balances: readonly NamedBalance[]): Promise<Applied[]> {
    const results: Applied[] = [];
    for (let at = 0; at < balances.length; at += chunkMax) {
      const kept = await this.#apply(balances.slice(at, at + chunkMax).map(balance => this.#writeOf(epoch, balance)));
      results.push(...kept.map((version): Applied => (version === undefined ? { outcome: 'written' } : { outcome: 'kept', version })));
    }
    return results;
  }

  async overrule(epoch: Epoch, balances: readonly NamedBalance[]): Promise<void> {
    if (balances.length === 0) return;
    this.#meter.untrue(balances.length);
    const writes = balances.map(balance => this.#writeOf(epoch, balance));
    // Between the two a newer version may come in; the script leaves it.
    await this.#redis.send(['DEL', ...writes.map(write => write.key)]);
    await this.#apply(writes);
  }

  #writeOf(epoch: Epoch, balance: NamedBalance): Write {
    const name = nameOf(balance);
    return { epoch, key: entryKey(epoch, 'bal', name), version: BigInt(balance.version), ttlMs: this.#options.balanceTtlMs, payload: balancePayload(balance), name };
  }

  /** What is asked in one turn of the event loop is asked of Redis in one call. Undefined: no answer. */
  #get(keys: readonly string[]): Promise<unknown[] | undefined> {
    return new Promise(settle => {
      this.#asked.push({ keys, settle });
      if (this.#asked.length === 1) setImmediate(() => this.#ask());
    });
  }

  #ask(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let at = 0; at < asked.length; at += chunkMax) {
      const some = asked.slice(at, at + chunkMax);
      const keys = [...new Set(some.flatMap(one => one.keys))];
      this.#redis.send(['MGET', ...keys]).then(
        answer => {
          const valid = Array.isArray(answer) && answer.length === keys.length;
          const texts = new Map(valid ? keys.map((key, index) => [key, (answer as unknown[])[index]]) : []);
          for (const one of some) one.settle(valid ? one.keys.map(key => texts.get(key)) : undefined);
        },
        () => some.forEach(one => one.settle(undefined)),
      );
    }
  }

  #read(kind: 'account' | 'answer', result: 'miss' | 'stale' | 'error' | 'bypass'): undefined {
    this.#meter.read(kind, result);
  }

  /** The epoch whose entries may be answered from now. For balances the cache must also be known to be complete. */
  #readable(balances: boolean): Epoch | undefined {
    const view = this.#view;
    const now = performance.now();
    if (!view || !this.#redis.up || now < this.#quarantineUntilMs) return undefined;
    // What is known to be complete was a Redis that is perhaps no more: it may have come back with an older state.
    if (balances && (now < this.#floorsLostUntilMs || this.#markedIn !== this.#redis.timesUp)) return undefined;
    const asOfMs = balances ? view.completeAsOfMs : view.epochAsOfMs;
    return asOfMs !== undefined && now - asOfMs <= this.#options.staleMaxMs ? view.epoch : undefined;
  }

  #open<T>(epoch: Epoch, key: string, text: unknown, ttlMaxMs: number, parse: (version: bigint, payload: string) => T | undefined): T | undefined {
    const entry = typeof text === 'string' ? openEntry(epoch, key, text, Date.now(), ttlMaxMs) : undefined;
    const value = entry?.ok ? parse(entry.version, entry.payload) : undefined;
    if (value === undefined) {
      // The clocks of two processes may differ a little: expired is no lie.
      if (entry?.ok !== false || entry.fault === 'broken') this.#meter.untrue(1);
      // Else its version, true or not, could keep the right entry out until it expires.
      if (this.#redis.up) this.#redis.script(discardScript, [key], [typeof text === 'string' ? sha1(text) : '']).catch(() => undefined);
    }
    return value;
  }

  #raiseFloor(name: string, version: number, untilMs: number): void {
    const floor = this.#floors.get(name);
    if (floor && floor.version > version) return;
    this.#floors.delete(name); // to the end of the order
    this.#floors.set(name, { version, untilMs });
    if (this.#floors.size <= floorsMax) return;
    const [oldest] = this.#floors;
    if (oldest![1].untilMs > performance.now()) this.#floorsLostUntilMs = oldest![1].untilMs;
    this.#floors.delete(oldest![0]);
  }

  #floorOf(name: string): number {
    const floor = this.#floors.get(name);
    if (!floor) return 0;
    // By then the journal has been applied up to that commit, or the cache is not read at all.
    if (floor.untilMs > performance.now()) return floor.version;
    this.#floors.delete(name);
    return 0;
  }

  #put(kind: EntryKind, name: string, write: Omit<Write, 'epoch' | 'key'>): void {
    const view = this.#view;
    if (!view || !this.#redis.up || this.#closed || performance.now() < this.#quarantineUntilMs) return this.#meter.dropped(1);
    const key = entryKey(view.epoch, kind, name);
    const waiting = this.#queue.get(key);
    if (waiting && waiting.version >= write.version) return;
    if (!waiting && this.#queue.size >= this.#options.queueMax) return this.#meter.dropped(1);
    this.#queue.set(key, { epoch: view.epoch, key, ...write });
    // Not at once: what is told in the same turn goes in one call, and so does what comes while that is under way.
    this.#flushing ??= new Promise<void>(settle => setImmediate(settle)).then(() => this.#flush()).finally(() => (this.#flushing = undefined));
  }

  async #flush(): Promise<void> {
    while (this.#queue.size > 0) {
      const writes: Write[] = [];
      for (const [key, write] of this.#queue) {
        this.#queue.delete(key);
        if (writes.push(write) === chunkMax) break;
      }
      try {
        await this.#apply(writes);
        for (const write of writes) if (write.name) this.#lowerFloor(write.name, write.version);
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) throw error;
        this.#meter.dropped(writes.length + this.#queue.size);
        this.#queue.clear();
      }
    }
  }

  #lowerFloor(name: string, version: bigint): void {
    const floor = this.#floors.get(name);
    if (floor && floor.version <= version) this.#floors.delete(name);
  }

  /** For each the version that stays, or undefined where it was written. */
  async #apply(writes: readonly Write[]): Promise<(bigint | undefined)[]> {
    const [keys, args]: [string[], string[]] = [[], []];
    const now = Date.now();
    for (const { epoch, key, version, ttlMs, payload } of writes) {
      const text = sealEntry(epoch, key, version, now + ttlMs, payload);
      if (text === undefined) continue; // too large to be worth it
      keys.push(key);
      args.push(text, ttlMs.toString());
    }
    if (keys.length === 0) return [];
    const kept = listOf(await this.#redis.script(applyScript, keys, args), keys.length);
    return kept.map(version => {
      if (typeof version !== 'string' || !/^\d{0,19}$/.test(version)) throw new RedisUnavailable('the answer is none that the script gives');
      return version === '' ? undefined : BigInt(version);
    });
  }
}
