/** API keys as the environment lists them. */
import { defaultTenant, isScope, scopes, tenantPattern, type Scope } from './scopes.ts';
import type { Settings } from './settings.ts';

export interface ApiKey {
  /** Whose requests these are; stays when the secret is rotated. */
  client: string;
  tenant: string;
  secret: string;
  scopes: readonly Scope[];
}

const variable = 'LEDGER_API_KEYS';
const clientPattern = /^[a-z][a-z0-9-]{0,31}$/;
const secretPattern = /^[\x21-\x7e]{16,256}$/;
const keysMax = 1_000;
/** The journal calls the ledger's own doings so. */
const reservedClient = 'system';

/**
 * Two forms. `secret` or `client:secret`, comma separated: tenant `default`, every scope. Or a JSON list of
 * `{client, tenant, secret, scopes}`. A client may be listed several times, while a secret is being rotated.
 */
export function readApiKeys(settings: Settings, required: boolean): ApiKey[] {
  const value = settings.optional(variable)?.trim();
  if (!value) {
    if (required) settings.fault(variable, 'is missing');
    return [];
  }
  const keys = value.startsWith('[') ? readList(settings) : readSimple(value, settings);
  const seen = new Set<string>();
  for (const { secret, client } of keys) {
    // One secret for two callers would make it a matter of chance who was recognised.
    if (secret && seen.has(secret)) settings.fault(`${variable}:`, `the secret of client ${client} is given twice`);
    seen.add(secret);
    if (client === reservedClient) settings.fault(`${variable}:`, `the client name ${reservedClient} is the ledger's own`);
  }
  return keys;
}

function readSimple(value: string, settings: Settings): ApiKey[] {
  return value.split(',').map((part, index) => {
    const match = /^(?:([a-z][a-z0-9-]{0,31}):)?([\x21-\x2b\x2d-\x7e]{16,256})$/.exec(part.trim());
    if (!match) settings.fault(`${variable}, key ${index + 1}:`, 'must be 16 to 256 visible characters, or client:secret');
    return { client: match?.[1] ?? 'default', tenant: defaultTenant, secret: match?.[2] ?? '', scopes };
  });
}

function readList(settings: Settings): ApiKey[] {
  return settings.list(variable, ['client', 'tenant', 'secret', 'scopes'], keysMax).map(({ where, entry }) => {
    const matching = (name: string, pattern: RegExp) => {
      const value = entry[name];
      if (typeof value === 'string' && pattern.test(value)) return value;
      settings.fault(where, `${name} must match ${pattern.source}`);
      return '';
    };
    const granted = entry['scopes'];
    const fits = Array.isArray(granted) && granted.length > 0 && granted.every(isScope);
    if (!fits) settings.fault(where, `scopes must be a list of ${scopes.join(', ')}`);
    return { client: matching('client', clientPattern), tenant: matching('tenant', tenantPattern), secret: matching('secret', secretPattern), scopes: fits ? granted : [] };
  });
}
