/** Builds the service from its settings. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { RedisCache } from './adapters/cache.ts';
import { registerCacheMetrics } from './adapters/cacheMetrics.ts';
import { Database } from './adapters/db.ts';
import { Metrics } from './adapters/metrics.ts';
import { readMigrations } from './adapters/migrations.ts';
import { RateLimiter } from './adapters/rateLimit.ts';
import { Redis, redisDefaults } from './adapters/redis.ts';
import { sslOf } from './adapters/tls.ts';
import { TokenVerifier } from './adapters/tokens.ts';
import { Tracing } from './adapters/tracing.ts';
import { WebhookHttp } from './adapters/webhook-http.ts';
import { WebhookMetrics } from './adapters/webhook-metrics.ts';
import { WebhookStore } from './adapters/webhooks.ts';
import { NoCache, type BalanceCache } from './domain/cache.ts';
import type { Config } from './domain/config.ts';
import { currencies } from './domain/money.ts';
import { Sealer } from './domain/sealed.ts';
import { Authenticator } from './edge/auth.ts';
import { buildHttp, type HttpOptions } from './edge/http.ts';
import { CacheRepair } from './usecases/cacheRepair.ts';
import { Chores } from './usecases/chores.ts';
import { Health } from './usecases/health.ts';
import { Ledger } from './usecases/ledger.ts';
import { Relay, relayDefaults } from './usecases/relay.ts';
import { Webhooks } from './usecases/webhooks.ts';
import { Writer } from './usecases/writer.ts';

const choresLeaseTtlMs = 10_000;
const quarantineMinMs = 10_000;
const webhookTimeoutMs = 5_000;
const webhookSocketsPerHost = 4;
const endpointsMax = 20;
/** How long sends under way may go on at shutdown; what was cut off is sent again by another process. */
const relayGraceMs = 6_000;

export interface Service {
  app: FastifyInstance;
  health: Health;
  ledger: Ledger;
  database: Database;
  metrics: Metrics;
  /** Takes API keys and the database's address from newer settings; nothing else of them. */
  useSecrets(next: Config): void;
  /** Closes the port once running requests are answered, then the workers, then the connections. */
  close(): Promise<void>;
}

type Log = HttpOptions['logStream'];

/** Something that runs beside the requests, from the moment the port is open. */
interface Worker {
  start(): void;
  stop(): Promise<void>;
}

export function buildService(config: Config, logStream?: Log): Service {
  const metrics = new Metrics({ region: config.region, instance: config.instance }, currencies);
  // Filled in last: the parts below log, and the server that brings the logger is made of them.
  const log = { info: (fields: object, message: string) => app.log.info(fields, message), warn: (fields: object, message: string) => app.log.warn(fields, message) };
  const database = buildDatabase(config, log);
  // Two processes may have one name while a pod is replaced: leases are held by this.
  const holder = `${config.instance} ${randomUUID()}`;

  const redis = config.redisUrl === null ? null : new Redis({ ...redisDefaults, url: config.redisUrl, onChange: (up, reason) => log[up ? 'info' : 'warn']({ reason }, up ? 'redis is used' : 'redis is left alone') });
  const { webhooks, relay } = buildWebhooks(config, database, metrics, holder, log);
  const { cache, repair } = buildCache(config, redis, database, metrics, holder, log);
  const writer = buildWriter(config, database, cache, () => relay?.wake(), metrics, log);
  const health = new Health(database, readMigrations(), () => writer.queued);
  metrics.addReadings(health);
  const ledger = new Ledger(database, writer, metrics, cache);

  const chores = new Chores(
    { database, submit: (command, context, lease) => writer.submit(command, context, lease), metrics: metrics.ofChores(), log },
    { holder, intervalMs: config.expiryIntervalMs, leaseTtlMs: choresLeaseTtlMs, settlements: config.settlements },
  );
  const workers: Worker[] = [chores, ...(repair ? [repair] : []), ...(relay ? [relay] : [])];

  const authenticator = new Authenticator(config.apiKeys, config.jwt && new TokenVerifier(config.jwt));
  const limiter = new RateLimiter({ limits: config.rateLimits, redis, instance: config.instance, replicas: config.replicas, onUnavailable: reason => log.warn({ reason: reason.message }, 'limits are not shared for now') });
  const tracing = config.otlpEndpoint === null ? null : new Tracing({ endpoint: config.otlpEndpoint, ratio: config.traceRatio, region: config.region, instance: config.instance });
  const app: FastifyInstance = buildHttp({ ...config, authenticator, limiter, tracing, logStream }, { ledger, webhooks }, health, metrics);
  app.addHook('onListen', async () => workers.forEach(worker => worker.start()));

  const close = async () => {
    await app.close();
    await Promise.all(workers.map(worker => worker.stop()));
    await writer.drained();
    await cache.close();
    await Promise.all([database.close(), redis?.close(), tracing?.close()]);
  };
  const useSecrets = (next: Config) => {
    authenticator.useKeys(next.apiKeys);
    database.useUrl(next.databaseUrl);
    // The cache's connections and the sealing keys are made once: those are rotated by overlap, pod by pod.
    const later = [next.redisUrl !== config.redisUrl && 'LEDGER_REDIS_URL', next.webhookKeys.join() !== config.webhookKeys.join() && 'LEDGER_WEBHOOK_KEY'].filter(name => name !== false);
    log.info({ usedAfterRestart: later }, 'new secrets are used');
  };
  return { app, health, ledger, database, metrics, useSecrets, close };
}

interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

function buildDatabase(config: Config, log: Logger): Database {
  return new Database({
    url: config.databaseUrl,
    ssl: sslOf(config.databaseTls),
    applicationName: `ledger ${config.region} ${config.instance}`,
    poolMax: config.poolMax,
    acquireTimeoutMs: config.acquireTimeoutMs,
    queueMax: config.queueMax,
    statementTimeoutMs: config.statementTimeoutMs,
    lockTimeoutMs: config.lockTimeoutMs,
    onConnectionError: error => log.warn({ code: (error as { code?: string }).code, reason: error.message }, 'database connection lost'),
  });
}

function buildCache(config: Config, redis: Redis | null, database: Database, metrics: Metrics, holder: string, log: Logger): { cache: BalanceCache; repair: CacheRepair | undefined } {
  if (!redis) return { cache: new NoCache(), repair: undefined };
  const meter = registerCacheMetrics(metrics.registry, () => redis.up);
  // Longer than any statement of the history before could still run.
  const cache = new RedisCache(redis, meter, { quarantineMs: Math.max(quarantineMinMs, config.statementTimeoutMs + 2_000) });
  const onTrouble = (error: Error | undefined) => (error ? log.warn({ reason: error.message }, 'the cache is not being repaired') : log.info({}, 'the cache is being repaired again'));
  return { cache, repair: new CacheRepair(database, cache, meter, { holder, onTrouble }) };
}

function buildWriter(config: Config, database: Database, cache: BalanceCache, wakeRelay: () => void, metrics: Metrics, log: Logger): Writer {
  return new Writer(database, {
    region: config.region,
    instance: config.instance,
    batchMax: config.batchMax,
    lanes: config.lanes,
    queueMax: config.queueMax,
    waitMaxMs: config.acquireTimeoutMs,
    accountCacheMax: config.accountCacheMax,
    observer: {
      batch: (batch, way, waitedMs, writeMs) => {
        cache.committed(batch);
        wakeRelay();
        metrics.batchRows.observe(batch.rows.length);
        metrics.batchSeconds.observe({ way }, writeMs / 1000);
        metrics.queueSeconds.observe(waitedMs / 1000);
      },
      retried: code => {
        metrics.conflictRetries.inc();
        log.info({ code }, 'batch tried again');
      },
    },
  });
}

function buildWebhooks(config: Config, database: Database, metrics: Metrics, holder: string, log: Logger): { webhooks: Webhooks; relay: (Worker & { wake(): void }) | undefined } {
  const store = new WebhookStore(database);
  const http = new WebhookHttp({ allowLocal: config.webhookAllowHttp, timeoutMs: webhookTimeoutMs, socketsPerHost: webhookSocketsPerHost });
  const sealer = config.webhookKeys.length === 0 ? undefined : new Sealer(config.webhookKeys);
  const webhooks = new Webhooks(store, http, sealer, { allowLocal: config.webhookAllowHttp, endpointsMax });
  if (!sealer) return { webhooks, relay: undefined };
  const relay = new Relay({ store, http, sealer, metrics: new WebhookMetrics(metrics.registry, () => store.readings()), log }, { ...relayDefaults, holder });
  return {
    webhooks,
    relay: {
      start: () => relay.start(),
      wake: () => relay.wake(),
      stop: async () => {
        await relay.stop(relayGraceMs);
        http.close();
      },
    },
  };
}
