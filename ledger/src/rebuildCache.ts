/**
 * `node src/rebuildCache.ts`: makes the cache at LEDGER_REDIS_URL say what the primary at LEDGER_DATABASE_URL says, account by
 * account, also while payments run. Ends with 0 when all was said, 2 when it could not. Never needed for correctness: for a
 * warm cache after a failover, and to look for entries that are untrue.
 */
import { hostname } from 'node:os';
import { Registry } from 'prom-client';
import { RedisCache } from './adapters/cache.ts';
import { registerCacheMetrics } from './adapters/cacheMetrics.ts';
import { Database } from './adapters/db.ts';
import { Redis, redisDefaults } from './adapters/redis.ts';
import { sslOf } from './adapters/tls.ts';
import { readDatabase } from './domain/config.ts';
import { CacheRepair } from './usecases/cacheRepair.ts';

async function main(): Promise<void> {
  const redisUrl = process.env['LEDGER_REDIS_URL'];
  if (!redisUrl) throw new Error('LEDGER_REDIS_URL is missing');
  const { url, tls } = readDatabase('LEDGER_DATABASE_URL', process.env);
  const statementTimeoutMs = 30_000;
  const database = new Database({ url, ssl: sslOf(tls), applicationName: 'ledger cache rebuild', poolMax: 2, acquireTimeoutMs: 5_000, queueMax: 10, statementTimeoutMs, lockTimeoutMs: 1_000, onConnectionError: () => undefined });
  // Nobody waits for it: it may be more patient than a payment.
  const redis = new Redis({ ...redisDefaults, url: redisUrl, commandTimeoutMs: 5_000, onChange: () => undefined });
  const meter = registerCacheMetrics(new Registry(), () => redis.up);
  const cache = new RedisCache(redis, meter);
  const repair = new CacheRepair(database, cache, meter, { holder: `rebuild ${hostname()} ${process.pid}`, onTrouble: () => undefined });
  try {
    if (!(await redis.ready(5_000))) throw new Error('Redis does not answer');
    const { accounts, written, untrue } = await repair.rebuild();
    console.log(`${accounts} accounts looked at, ${written} entries written, ${untrue} untrue ones overruled`);
  } finally {
    await cache.close();
    await redis.close();
    await database.close();
  }
}

main().catch((error: Error) => {
  console.error(`ledger cache rebuild: ${error.message}`);
  process.exitCode = 2;
});
