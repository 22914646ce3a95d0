/** What the cache offers to the ledger, to the worker that keeps it right, and what it tells of itself. */
import type { CachedAnswer, CacheView, Epoch, NamedBalance } from './cached.ts';
import type { Account, Balances } from './model.ts';

/** The part of a committed batch that a cache of balances needs: each account it moved once, as this very batch left it. */
export interface CommittedBalances {
  accounts: readonly (Balances & { account: { tenant: string; id: string } })[];
}

/** For the commands and reads. Nothing here throws and nothing takes longer than one command's time limit. */
export interface BalanceCache {
  /** Undefined: ask the database. Never older than `minVersion`, nor than what this process has committed itself. */
  readAccount(tenant: string, id: string, minVersion?: number): Promise<Account | undefined>;
  /** To be told of each account that was read from the database. */
  accountRead(account: Account): void;
  /** To be told of each batch once its commit is certain, before its answers go out. Returns at once. */
  committed(batch: CommittedBalances): void;
  /** Undefined: ask the database. May answer a replay; decides nothing. */
  readAnswer(tenant: string, key: string): Promise<CachedAnswer | undefined>;
  /** To be told of each answer once its commit is certain. Returns at once. */
  answered(tenant: string, key: string, answer: CachedAnswer): void;
  /** Ends what is under way; what waits to be written is dropped. */
  close(): Promise<void>;
}

/** `kept`: what stood there is as new. `written`: nothing readable stood there, or something older. */
export type Applied = { outcome: 'written' } | { outcome: 'kept'; version: bigint };

/** For the worker. Everything that talks to Redis throws RedisUnavailable. */
export interface CacheStore {
  /** How far the journal has been applied; undefined when Redis does not know or is not believed. */
  readMark(epoch: Epoch): Promise<bigint | undefined>;
  writeMark(epoch: Epoch, position: bigint): Promise<void>;
  /** Whether this process is the one that applies the journal now. Two at once waste work and harm nothing. */
  lead(epoch: Epoch, holder: string, ttlMs: number): Promise<boolean>;
  /** What stands in the cache, in the order asked. */
  peek(epoch: Epoch, names: readonly { tenant: string; id: string }[]): Promise<(NamedBalance | undefined)[]>;
  /** Writes where what stands is older; in the order given. */
  apply(epoch: Epoch, balances: readonly NamedBalance[]): Promise<Applied[]>;
  /** Writes whatever stands there. For what has been found to be untrue. */
  overrule(epoch: Epoch, balances: readonly NamedBalance[]): Promise<void>;
  /** From now on this is known; undefined when the database says that it is no primary. */
  look(view: CacheView | undefined): void;
}

export type ReadResult = 'hit' | 'miss' | 'stale' | 'error' | 'bypass';
export const readResults: readonly ReadResult[] = ['hit', 'miss', 'stale', 'error', 'bypass'];

/** What is counted. */
export interface CacheMeter {
  read(kind: 'account' | 'answer', result: ReadResult): void;
  /** Writes that were given up: Redis was away, slow or full, or too many waited. */
  dropped(count: number): void;
  /** Entries that the worker wrote because they were missing or older. */
  repaired(count: number): void;
  /** Entries that said other than the database, or were not ours. */
  untrue(count: number): void;
  lag(positions: number, seconds: number): void;
}

/** Without Redis: every read goes to the database. */
export class NoCache implements BalanceCache {
  readAccount(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  accountRead(): void {}
  committed(): void {}
  readAnswer(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  answered(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
}
