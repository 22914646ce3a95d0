/** The environment as typed settings. */

export interface ApiKey {
  /** Whose idempotency keys these are; stays when the secret is rotated. */
  client: string;
  secret: string;
}

export interface Config {
  host: string;
  port: number;
  region: string;
  instance: string;
  databaseUrl: string;
  apiKeys: ApiKey[];
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
}

/** All faults at once, one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: string[];

  constructor(faults: string[]) {
    super(`The environment is not usable:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Throws a ConfigError that names every fault. Values of secrets are never part of it. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const faults: string[] = [];
  const text = (name: string, fallback?: string, pattern = /^.+$/) => {
    const value = env[name] || fallback;
    if (value === undefined) faults.push(`${name} is missing`);
    else if (!pattern.test(value)) faults.push(`${name} must match ${pattern.source}`);
    return value ?? '';
  };
  const whole = (name: string, fallback: number | undefined, min: number, max: number) => {
    const value = env[name] || fallback?.toString();
    const number = Number(value);
    if (value === undefined) faults.push(`${name} is missing`);
    else if (!/^\d+$/.test(value) || number < min || number > max) faults.push(`${name} must be a whole number from ${min} to ${max}`);
    return number;
  };
  const label = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
  const config: Config = {
    host: text('LEDGER_HOST', '127.0.0.1'),
    port: whole('LEDGER_PORT', undefined, 0, 65_535),
    region: text('LEDGER_REGION', undefined, label),
    instance: text('LEDGER_INSTANCE', undefined, label),
    databaseUrl: readDatabaseUrl('LEDGER_DATABASE_URL', env, faults),
    apiKeys: readApiKeys(env.LEDGER_API_KEYS, faults),
    logLevel: text('LEDGER_LOG_LEVEL', 'info', new RegExp(`^(${levels.join('|')})$`)),
    poolMax: whole('LEDGER_POOL_MAX', 10, 2, 100),
    acquireTimeoutMs: whole('LEDGER_ACQUIRE_TIMEOUT_MS', 3_000, 100, 60_000),
    queueMax: whole('LEDGER_QUEUE_MAX', 500, 1, 100_000),
    statementTimeoutMs: whole('LEDGER_STATEMENT_TIMEOUT_MS', 5_000, 100, 60_000),
    lockTimeoutMs: whole('LEDGER_LOCK_TIMEOUT_MS', 3_000, 50, 60_000),
    drainDelayMs: whole('LEDGER_DRAIN_DELAY_MS', 500, 0, 60_000),
    shutdownTimeoutMs: whole('LEDGER_SHUTDOWN_TIMEOUT_MS', 10_000, 100, 120_000),
  };
  if (config.lockTimeoutMs >= config.statementTimeoutMs) faults.push('LEDGER_LOCK_TIMEOUT_MS must be below LEDGER_STATEMENT_TIMEOUT_MS, or waiting would never be told from working');
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** Adds to `faults` when the variable is missing or not a postgres URL. Returns the URL, or an empty string. */
export function readDatabaseUrl(name: string, env: Record<string, string | undefined>, faults: string[]): string {
  const value = env[name];
  if (!value) faults.push(`${name} is missing`);
  else if (!URL.canParse(value) || !/^postgres(ql)?:$/.test(new URL(value).protocol)) faults.push(`${name} must be a postgresql:// URL`);
  return value ?? '';
}

/** `secret` or `client:secret`, comma separated; two secrets for one client while one is being rotated. */
function readApiKeys(value: string | undefined, faults: string[]): ApiKey[] {
  if (!value) {
    faults.push('LEDGER_API_KEYS is missing');
    return [];
  }
  return value.split(',').map((part, index) => {
    const match = /^(?:([a-z][a-z0-9-]{0,31}):)?([\x21-\x2b\x2d-\x7e]{16,256})$/.exec(part.trim());
    if (!match) faults.push(`LEDGER_API_KEYS, key ${index + 1}: must be 16 to 256 visible characters, or client:secret`);
    return { client: match?.[1] ?? 'default', secret: match?.[2] ?? '' };
  });
}
