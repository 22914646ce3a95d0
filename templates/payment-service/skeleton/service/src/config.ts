/** Settings of the process, read once from the environment. */
export interface Config {
  host: string;
  /** 0 = any free port. */
  port: number;
  /** Region this process runs in, such as region-a; goes into every metric and answer. */
  region: string;
  ledgerUrl: URL;
  ledgerApiKey: string;
  /** Longest wait for one answer of the ledger. */
  ledgerTimeoutMs: number;
  logLevel: string;
}

/**
 * @param env - such as process.env
 * @throws Error naming every missing or wrong variable at once
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const faults: string[] = [];
  const text = (name: string, fallback?: string): string => {
    const value = env[name] ?? fallback;
    if (!value) faults.push(`${name} is missing`);
    return value ?? '';
  };
  const whole = (name: string, fallback: string, min: number, max: number): number => {
    const value = Number(text(name, fallback));
    if (!Number.isInteger(value) || value < min || value > max) {
      faults.push(`${name} must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
  const ledgerUrl = text('LEDGER_URL');
  if (ledgerUrl && !URL.canParse(ledgerUrl)) faults.push('LEDGER_URL is not a URL');
  const config = {
    host: text('HOST', '0.0.0.0'),
    port: whole('PORT', '8080', 0, 65535),
    region: text('REGION'),
    ledgerApiKey: text('LEDGER_API_KEY'),
    ledgerTimeoutMs: whole('LEDGER_TIMEOUT_MS', '3000', 100, 30_000),
    logLevel: text('LOG_LEVEL', 'info'),
  };
  if (faults.length > 0) throw new Error(`Configuration: ${faults.join('; ')}`);
  return { ...config, ledgerUrl: new URL(ledgerUrl) };
}
