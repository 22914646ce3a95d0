/** Builds the service from its settings. */
import type { FastifyInstance } from 'fastify';
import type { Config } from './domain/config.ts';
import { Database } from './adapters/db.ts';
import { RateLimiter } from './adapters/rateLimit.ts';
import { TokenVerifier } from './adapters/tokens.ts';
import { Authenticator } from './edge/auth.ts';
import { Health } from './usecases/health.ts';
import { buildHttp, type HttpOptions } from './edge/http.ts';
import { Ledger } from './usecases/ledger.ts';
import { Writer } from './usecases/writer.ts';
import { NoCache } from './domain/cache.ts';
import { Metrics } from './adapters/metrics.ts';
import { readMigrations } from './adapters/migrations.ts';
import { Redis, redisDefaults } from './adapters/redis.ts';
import { sslOf } from './adapters/tls.ts';
import { currencies } from './domain/money.ts';

export interface Service {
  app: FastifyInstance;
  health: Health;
  ledger: Ledger;
  database: Database;
  metrics: Metrics;
  /** Closes the port once running requests are answered, then the connections. */
  close(): Promise<void>;
}

export function buildService(config: Config, logStream?: HttpOptions['logStream']): Service {
  const metrics = new Metrics({ region: config.region, instance: config.instance }, currencies);
  const database = new Database({
    url: config.databaseUrl,
    ssl: sslOf(config.databaseTls),
    applicationName: `ledger ${config.region} ${config.instance}`,
    poolMax: config.poolMax,
    acquireTimeoutMs: config.acquireTimeoutMs,
    queueMax: config.queueMax,
    statementTimeoutMs: config.statementTimeoutMs,
    lockTimeoutMs: config.lockTimeoutMs,
    onConnectionError: error => app.log.warn({ code: (error as { code?: string }).code, reason: error.message }, 'database connection lost'),
  });
  const cache = new NoCache();
  const writer = new Writer(database, {
    region: config.region,
    instance: config.instance,
    batchMax: config.batchMax,
    lanes: config.lanes,
    queueMax: config.queueMax,
    waitMaxMs: config.acquireTimeoutMs,
    accountCacheMax: config.accountCacheMax,
    observer: {
      batch: (batch, way, waitedMs, writeMs) => {
        cache.committed();
        metrics.batchRows.observe(batch.rows.length);
        metrics.batchSeconds.observe({ way }, writeMs / 1000);
        metrics.queueSeconds.observe(waitedMs / 1000);
      },
      retried: code => {
        metrics.conflictRetries.inc();
        app.log.info({ code }, 'batch tried again');
      },
    },
  });
  const health = new Health(database, readMigrations(), () => writer.queued);
  metrics.addReadings(health);
  const ledger = new Ledger(database, writer, metrics, cache);
  const authenticator = new Authenticator(config.apiKeys, config.jwt && new TokenVerifier(config.jwt));
  const redis = config.redisUrl === null ? null : new Redis({
    ...redisDefaults,
    url: config.redisUrl,
    onChange: (up, reason) => app.log[up ? 'info' : 'warn']({ reason }, up ? 'redis is used' : 'redis is left alone'),
  });
  const limiter = new RateLimiter({
    limits: config.rateLimits,
    redis,
    instance: config.instance,
    replicas: config.replicas,
    onUnavailable: reason => app.log.warn({ reason: reason.message }, 'limits are not shared for now'),
  });
  const app: FastifyInstance = buildHttp({ ...config, authenticator, limiter, logStream }, ledger, health, metrics);
  const close = async () => {
    await app.close();
    await Promise.all([database.close(), redis?.close()]);
  };
  return { app, health, ledger, database, metrics, close };
}
