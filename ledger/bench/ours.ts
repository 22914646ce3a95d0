/** The ledger as the bench runs it: with its own defaults, but for what is named here. */
export const tenant = 'default';
export const apiKey = 'bench-secret-0123456789';
export const httpPath = '/v1/transfers';
export const batchPath = '/v1/transfers/batch';

export function environment(databaseUrl: string, port: number): Record<string, string> {
  return {
    LEDGER_PORT: String(port),
    LEDGER_REGION: 'region-a',
    LEDGER_INSTANCE: 'ledger-bench-1',
    LEDGER_DATABASE_URL: databaseUrl,
    LEDGER_DATABASE_TLS: 'disable',
    LEDGER_API_KEYS: apiKey,
    LEDGER_DRAIN_DELAY_MS: '0',
    // One tenant makes all the load; the limiter runs all the same.
    LEDGER_RATE_LIMIT_PER_S: '1000000',
    // Of info, each request would be a line; the usual handler writes none either.
    LEDGER_LOG_LEVEL: 'warn',
  };
}
