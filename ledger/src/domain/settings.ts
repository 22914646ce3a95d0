/** Reads single variables of the environment and collects what is wrong with them, never their values. */

/** All faults at once, one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: string[];

  constructor(faults: string[]) {
    super(`The environment is not usable:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

export type Environment = Record<string, string | undefined>;

/** Hosts that no packet leaves the machine for; IPv6 with or without brackets. */
export function isLocalHost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[?::1\]?)$/i.test(host);
}

export class Settings {
  readonly #env: Environment;
  readonly faults: string[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  /** The value, or undefined when it is missing or empty. */
  optional(name: string): string | undefined {
    return this.#env[name] || undefined;
  }

  fault(name: string, what: string): void {
    this.faults.push(`${name} ${what}`);
  }

  text(name: string, fallback?: string, pattern = /^.+$/): string {
    const value = this.optional(name) ?? fallback;
    if (value === undefined) this.fault(name, 'is missing');
    else if (!pattern.test(value)) this.fault(name, `must match ${pattern.source}`);
    return value ?? '';
  }

  choice<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = (this.optional(name) ?? fallback) as T;
    if (!allowed.includes(value)) this.fault(name, `must be one of ${allowed.join(', ')}`);
    return value;
  }

  flag(name: string): boolean {
    return this.choice(name, ['true', 'false'], 'false') === 'true';
  }

  whole(name: string, fallback: number | undefined, min: number, max: number): number {
    const value = this.optional(name) ?? fallback?.toString();
    const number = Number(value);
    if (value === undefined) this.fault(name, 'is missing');
    else if (!/^\d+$/.test(value) || number < min || number > max) this.fault(name, `must be a whole number from ${min} to ${max}`);
    return number;
  }

  /** From 0 to 1. */
  fraction(name: string, fallback: number): number {
    const value = this.optional(name) ?? String(fallback);
    const number = Number(value);
    if (!/^\d(\.\d+)?$/.test(value) || number > 1) this.fault(name, 'must be a number from 0 to 1');
    return number;
  }

  /** Null when it is missing. `protocols` with the colon, as URL gives them. */
  url(name: string, protocols: readonly string[]): string | null {
    const value = this.optional(name);
    if (value === undefined) return null;
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) this.fault(name, `must be a ${protocols.map(protocol => `${protocol}//`).join(' or ')} URL`);
    return value;
  }

  /** A JSON list of objects with exactly these members; each entry is told as `NAME, entry 1`. Empty when missing. */
  list(name: string, members: readonly string[], max: number): { where: string; entry: Record<string, unknown> }[] {
    const value = this.optional(name);
    if (value === undefined) return [];
    const parsed = parseJson(value);
    if (!Array.isArray(parsed) || parsed.length > max) {
      this.fault(name, `must be a JSON list of at most ${max} entries`);
      return [];
    }
    return parsed.flatMap((entry: unknown, index) => {
      const where = `${name}, entry ${index + 1}:`;
      const fits = typeof entry === 'object' && entry !== null && Object.keys(entry).sort().join() === [...members].sort().join();
      if (!fits) this.fault(where, `must be an object of exactly ${members.join(', ')}`);
      return fits ? [{ where, entry: entry as Record<string, unknown> }] : [];
    });
  }
}

/** Undefined when it is no JSON. The parser's own message would quote the text, which may be a secret. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
