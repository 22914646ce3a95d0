/** Puts the cache together with what keeps it right; without Redis there is none, and nothing else is different. */
import type { Registry } from 'prom-client';
import { RedisCache, cacheDefaults } from './adapters/cache.ts';
import { registerCacheMetrics } from './adapters/cacheMetrics.ts';
import { NoCache, type BalanceCache } from './domain/cache.ts';
import type { RedisConnection } from './domain/redis.ts';
import { CacheRepair, type RepairDatabase } from './usecases/cacheRepair.ts';

export interface CacheParts {
  cache: BalanceCache;
  /** Undefined without Redis. */
  repair: CacheRepair | undefined;
  /** Before the connections to Redis and to the database are closed. */
  close(): Promise<void>;
}

export interface CacheSettings {
  instance: string;
  /** Of the database: no answer of an old primary comes later than about this. */
  statementTimeoutMs: number;
  /** Told once when the database cannot be asked what to repair, and once when it can again. */
  onTrouble: (error: Error | undefined) => void;
}

/** Starts looking after the cache at once. `redis` null: no cache. */
export function openCache(redis: RedisConnection | null, database: RepairDatabase, registry: Registry, settings: CacheSettings): CacheParts {
  if (!redis) return { cache: new NoCache(), repair: undefined, close: () => Promise.resolve() };
  const meter = registerCacheMetrics(registry, () => redis.up);
  const cache = new RedisCache(redis, meter, { quarantineMs: Math.max(cacheDefaults.quarantineMs, settings.statementTimeoutMs + 2_000) });
  const repair = new CacheRepair(database, cache, meter, { holder: settings.instance, rewindSeconds: cacheDefaults.balanceTtlMs / 1_000, onTrouble: settings.onTrouble });
  repair.start();
  const close = async () => {
    await repair.stop();
    await cache.close();
  };
  return { cache, repair, close };
}
