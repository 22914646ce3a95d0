/** The environment as typed settings. docs/ledger.md lists the variables; a test keeps both equal. */
import { readApiKeys, type ApiKey } from './apiKeys.ts';
import { readRateLimits, type RateLimits } from './bucket.ts';
import { readDatabaseAddress, type DatabaseAddress, type DatabaseTls } from './databaseTls.ts';
import { tenantPattern } from './scopes.ts';
import { ConfigError, isLocalHost, Settings, type Environment } from './settings.ts';

export { ConfigError } from './settings.ts';
export type { ApiKey } from './apiKeys.ts';

/** Bearer tokens of an identity provider. */
export interface JwtSettings {
  issuer: string;
  audience: string;
  jwksUrl: string;
  /** The claim that names the tenant. */
  tenantClaim: string;
}

/** Once a day, at `at` (HH:MM, UTC), what `accountId` has available moves to `payoutAccountId`. */
export interface SettlementSchedule {
  tenant: string;
  accountId: string;
  payoutAccountId: string;
  at: string;
}

export interface Config {
  environment: 'local' | 'dev' | 'prod';
  host: string;
  port: number;
  region: string;
  instance: string;
  databaseUrl: string;
  databaseTls: DatabaseTls;
  /** Null: no cache, and limits are kept by each process. */
  redisUrl: string | null;
  apiKeys: ApiKey[];
  /** Null: API keys only. */
  jwt: JwtSettings | null;
  rateLimits: RateLimits;
  /** Processes that share the limits, as long as Redis has not told how many there are. */
  replicas: number;
  logLevel: string;
  poolMax: number;
  /** How long a request may wait for a connection. */
  acquireTimeoutMs: number;
  /** Requests that may wait for a connection before more are refused with 503. */
  queueMax: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** Between the signal to stop (readyz turns 503) and closing the port: time for balancers to notice. */
  drainDelayMs: number;
  /** After this the process ends even if requests are still running. */
  shutdownTimeoutMs: number;
  /** Most transfers that one write statement takes. */
  batchMax: number;
  /** Batches under way: one is being written, the others are decided on its outcome. */
  lanes: number;
  /** Accounts that a process remembers. */
  accountCacheMax: number;
  /** Between two looks for holds that have expired. */
  expiryIntervalMs: number;
  settlements: SettlementSchedule[];
  /** 32 bytes each: the first seals the secrets of webhook endpoints, all open them. Empty: there are no webhooks. */
  webhookKeys: Uint8Array[];
  /** Webhooks may go to http:// too; only on a developer's machine. */
  webhookAllowHttp: boolean;
  /** Null: spans are not sent anywhere. */
  otlpEndpoint: string | null;
  /** Which part of the traces is kept when the caller has not decided, 0 to 1. */
  traceRatio: number;
}

const label = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const environments = ['local', 'dev', 'prod'] as const;
const levels = /^(trace|debug|info|warn|error|fatal|silent)$/;

/** Throws a ConfigError that names every fault. Values of secrets are never part of it. */
export function readConfig(env: Environment): Config {
  const settings = new Settings(env);
  const environment = readEnvironment(settings);
  const database = readDatabaseAddress('LEDGER_DATABASE_URL', settings, environment === 'local');
  const jwt = readJwt(settings);
  const config: Config = {
    environment,
    host: settings.text('LEDGER_HOST', '127.0.0.1'),
    port: settings.whole('LEDGER_PORT', undefined, 0, 65_535),
    region: settings.text('LEDGER_REGION', undefined, label),
    instance: settings.text('LEDGER_INSTANCE', undefined, label),
    databaseUrl: database.url,
    databaseTls: database.tls,
    redisUrl: settings.url('LEDGER_REDIS_URL', ['redis:', 'rediss:']),
    apiKeys: readApiKeys(settings, jwt === null),
    jwt,
    rateLimits: readRateLimits(settings),
    replicas: settings.whole('LEDGER_REPLICAS', 1, 1, 1_000),
    logLevel: settings.text('LEDGER_LOG_LEVEL', 'info', levels),
    poolMax: settings.whole('LEDGER_POOL_MAX', 10, 2, 100),
    acquireTimeoutMs: settings.whole('LEDGER_ACQUIRE_TIMEOUT_MS', 3_000, 100, 60_000),
    queueMax: settings.whole('LEDGER_QUEUE_MAX', 4_000, 1, 100_000),
    statementTimeoutMs: settings.whole('LEDGER_STATEMENT_TIMEOUT_MS', 5_000, 100, 60_000),
    lockTimeoutMs: settings.whole('LEDGER_LOCK_TIMEOUT_MS', 3_000, 50, 60_000),
    drainDelayMs: settings.whole('LEDGER_DRAIN_DELAY_MS', 500, 0, 60_000),
    shutdownTimeoutMs: settings.whole('LEDGER_SHUTDOWN_TIMEOUT_MS', 10_000, 100, 120_000),
    batchMax: settings.whole('LEDGER_BATCH_MAX', 1_000, 1, 5_000),
    lanes: settings.whole('LEDGER_LANES', 2, 1, 8),
    accountCacheMax: settings.whole('LEDGER_ACCOUNT_CACHE_MAX', 500_000, 100, 5_000_000),
    expiryIntervalMs: settings.whole('LEDGER_EXPIRY_INTERVAL_MS', 1_000, 50, 3_600_000),
    settlements: readSettlements(settings),
    webhookKeys: readWebhookKeys(settings),
    webhookAllowHttp: settings.flag('LEDGER_WEBHOOK_ALLOW_HTTP'),
    otlpEndpoint: settings.url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']),
    traceRatio: settings.fraction('LEDGER_TRACE_RATIO', 0.01),
  };
  if (config.lockTimeoutMs >= config.statementTimeoutMs) settings.fault('LEDGER_LOCK_TIMEOUT_MS', 'must be below LEDGER_STATEMENT_TIMEOUT_MS, or waiting would never be told from working');
  if (config.webhookAllowHttp && environment !== 'local') settings.fault('LEDGER_WEBHOOK_ALLOW_HTTP', 'is for LEDGER_ENVIRONMENT=local only');
  if (settings.faults.length > 0) throw new ConfigError(settings.faults);
  return config;
}

/** For the programs beside the service, which need a database and nothing else. Throws a ConfigError. */
export function readDatabase(name: string, env: Environment): DatabaseAddress {
  const settings = new Settings(env);
  const address = readDatabaseAddress(name, settings, readEnvironment(settings) === 'local');
  if (settings.faults.length > 0) throw new ConfigError(settings.faults);
  return address;
}

function readEnvironment(settings: Settings): Config['environment'] {
  return settings.choice('LEDGER_ENVIRONMENT', environments, 'prod');
}

/** All of it or none: half a description would let nobody in, or everybody of another audience. */
function readJwt(settings: Settings): JwtSettings | null {
  const names = ['LEDGER_JWT_ISSUER', 'LEDGER_JWT_AUDIENCE', 'LEDGER_JWT_JWKS_URL'] as const;
  if (names.every(name => settings.optional(name) === undefined)) return null;
  const [issuer, audience] = [settings.text(names[0]), settings.text(names[1])];
  const jwksUrl = settings.text(names[2]);
  const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
  // Whoever can answer in place of the issuer decides who is let in.
  const trusted = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocalHost(url.hostname));
  if (jwksUrl && !trusted) settings.fault(names[2], 'must be an https:// URL, or http:// on this machine');
  return { issuer, audience, jwksUrl, tenantClaim: settings.text('LEDGER_JWT_TENANT_CLAIM', 'tenant', /^[\x21-\x7e]{1,100}$/) };
}

function readSettlements(settings: Settings): SettlementSchedule[] {
  const account = /^[a-z0-9][a-z0-9:_-]{0,62}$/;
  const patterns = { tenant: tenantPattern, accountId: account, payoutAccountId: account, at: /^([01]\d|2[0-3]):[0-5]\d$/ };
  const members = Object.keys(patterns) as (keyof SettlementSchedule)[];
  return settings.list('LEDGER_SETTLEMENTS', members, 1_000).map(({ where, entry }, index, others) => {
    for (const member of members) {
      const value = entry[member];
      if (typeof value !== 'string' || !patterns[member].test(value)) settings.fault(where, `${member} must match ${patterns[member].source}`);
    }
    if (entry['accountId'] === entry['payoutAccountId']) settings.fault(where, 'accountId and payoutAccountId must differ');
    // The key of a settlement is that of its account's day: a second one would never be made.
    if (others.slice(0, index).some(one => one.entry['tenant'] === entry['tenant'] && one.entry['accountId'] === entry['accountId'])) settings.fault(where, 'is the second one of this account, which is settled once a day');
    return entry as unknown as SettlementSchedule;
  });
}

function readWebhookKeys(settings: Settings): Uint8Array[] {
  const name = 'LEDGER_WEBHOOK_KEY';
  const value = settings.optional(name);
  return (value?.split(',') ?? []).map((part, index) => {
    const key = Buffer.from(part, 'base64');
    if (key.length !== 32 || key.toString('base64') !== part) settings.fault(index === 0 ? name : `${name}, key ${index + 1}:`, 'must be 32 bytes in base64');
    return new Uint8Array(key);
  });
}
