/** A ledger process without its HTTP side, with a cache: what the tests of the cache run several of. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { RedisCache, type CacheOptions } from '../../src/adapters/cache.ts';
import { registerCacheMetrics } from '../../src/adapters/cacheMetrics.ts';
import { Database } from '../../src/adapters/db.ts';
import { loadStatement, toLoaded } from '../../src/adapters/journal.ts';
import { Metrics } from '../../src/adapters/metrics.ts';
import { Redis, redisDefaults } from '../../src/adapters/redis.ts';
import { epochOf, type Epoch } from '../../src/domain/cached.ts';
import type { Account, Command } from '../../src/domain/model.ts';
import { CacheRepair, type RepairOptions } from '../../src/usecases/cacheRepair.ts';
import { Ledger } from '../../src/usecases/ledger.ts';
import { Writer, type CommittedBatch } from '../../src/usecases/writer.ts';
import { templateDatabase } from './postgres.ts';

/** A ledger process as far as the cache is concerned. */
export class CachingProcess {
  readonly registry = new Registry();
  readonly database: Database;
  readonly redis: Redis;
  readonly cache: RedisCache;
  readonly repair: CacheRepair;
  /** Another worker of this process. */
  readonly repairing: (options: Partial<RepairOptions>) => CacheRepair;
  readonly writer: Writer;
  readonly ledger: Ledger;
  /** Whether what it commits is told to its cache at all. */
  tells = true;
  /** Account id -> the version that this process has brought it to. */
  readonly committed = new Map<string, number>();

  /** `redisUrl`: of the server that may fail. `commandTimeoutMs`: generous, so that a busy machine is not taken for a slow Redis. */
  constructor(name: string, port: number, redisUrl: string, options: Partial<CacheOptions> = {}, commandTimeoutMs = 2_000) {
    const meter = registerCacheMetrics(this.registry, () => this.redis.up);
    const url = `postgresql://ledger_app@127.0.0.1:${port}/${templateDatabase}`;
    this.database = new Database({ url, ssl: false, applicationName: name, poolMax: 6, acquireTimeoutMs: 5_000, queueMax: 500, statementTimeoutMs: 10_000, lockTimeoutMs: 5_000, onConnectionError: () => undefined });
    this.redis = new Redis({ ...redisDefaults, commandTimeoutMs, url: redisUrl, onChange: () => undefined });
    this.cache = new RedisCache(this.redis, meter, options);
    this.repairing = options => new CacheRepair(this.database, this.cache, meter, { holder: name, onTrouble: () => undefined, ...options });
    this.repair = this.repairing({});
    this.writer = new Writer(this.database, {
      region: 'region-a', instance: name, batchMax: 500, lanes: 2, queueMax: 10_000, waitMaxMs: 10_000, accountCacheMax: 1_000,
      observer: { batch: batch => this.#tell(batch), retried: () => undefined },
    });
    this.ledger = new Ledger(this.database, this.writer, new Metrics({ region: 'region-a', instance: name }, ['USD']), this.cache);
  }

  #tell(batch: CommittedBatch): void {
    for (const { account, version } of batch.accounts) this.committed.set(account.id, version);
    if (this.tells) this.cache.committed(batch);
  }

  async ready(): Promise<this> {
    assert.ok(await this.redis.ready(5_000));
    await this.repair.tick();
    return this;
  }

  submit(command: Command, key: string = randomUUID()) {
    return this.writer.submit(command, { tenant: 'acme', actor: 'test', key, requestHash: createHash('sha256').update(JSON.stringify(command, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))).digest('hex'), requestId: randomUUID() });
  }

  async open(id: string, minAvailableMinor: bigint | null = null): Promise<void> {
    const { status } = await this.submit({ kind: 'account', id, owner: 'Ann', currency: 'USD', type: 'liability', minAvailableMinor, maxAvailableMinor: null, metadata: {} });
    assert.equal(status, 201);
  }

  async pay(debitAccountId: string, creditAccountId: string, amountMinor: bigint): Promise<void> {
    const { status, body } = await this.submit({ kind: 'transfer', postings: [{ debitAccountId, creditAccountId, amountMinor, currency: 'USD', description: null, metadata: {}, effectiveAtUs: null }] });
    assert.equal(status, 201, body);
  }

  async stored(id: string): Promise<Account> {
    const [account] = toLoaded(await this.database.query(loadStatement({ keys: [], accounts: [{ tenant: 'acme', id }], payments: [], lockHead: false }))).accounts;
    assert.ok(account, id);
    return account;
  }

  /** As the ledger reads: from the cache, or from the database and then tells the cache. */
  async read(id: string): Promise<Account> {
    const cached = await this.cache.readAccount('acme', id);
    if (cached) return cached;
    const account = await this.stored(id);
    this.cache.accountRead(account);
    return account;
  }

  /** Which history the database writes now. */
  async epoch(): Promise<Epoch> {
    const [row] = await this.database.probe({ name: 'epoch', text: 'SELECT * FROM ledger.cache_epoch()', values: [] });
    return epochOf(row!['epoch'] as string, row!['seal_key'] as Buffer);
  }

  async metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    const found = (await this.registry.getSingleMetric(name)!.get()).values.filter(one => Object.entries(labels).every(([label, value]) => (one.labels as Record<string, unknown>)[label] === value));
    return found.reduce((sum, one) => sum + one.value, 0);
  }

  async close(): Promise<void> {
    await this.repair.stop();
    await this.writer.drained();
    await this.cache.close();
    await this.redis.close();
    await this.database.close();
  }
}
