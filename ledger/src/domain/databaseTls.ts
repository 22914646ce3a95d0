/** Whether and how the way to the database is encrypted. */
import { isLocalHost, type Settings } from './settings.ts';

/**
 * Full verification (certificate chain and host name), or nothing at all. There is no "encrypt but do not verify":
 * whoever can read the wire can as well stand in the middle of it.
 */
export type DatabaseTls = { verify: true; caFile: string | null } | { verify: false };

export interface DatabaseAddress {
  url: string;
  tls: DatabaseTls;
}

/** Parameters by which a URL would overrule what is decided here, or lead to another host than it shows. */
const overruling = /^(ssl.*|uselibpqcompat|hostaddr|port)$/i;

/** The URL in variable `name`, with LEDGER_DATABASE_TLS and LEDGER_DATABASE_CA_FILE. `local`: LEDGER_ENVIRONMENT is local. */
export function readDatabaseAddress(name: string, settings: Settings, local: boolean): DatabaseAddress {
  const url = readUrl(name, settings);
  const mode = settings.choice('LEDGER_DATABASE_TLS', ['verify-full', 'disable'], 'verify-full');
  const caFile = settings.optional('LEDGER_DATABASE_CA_FILE') ?? null;
  if (mode !== 'disable') return { url, tls: { verify: true, caFile } };
  if (url && !local && !staysOnMachine(new URL(url))) settings.fault('LEDGER_DATABASE_TLS', `is disable, but ${name} leads to another machine; only LEDGER_ENVIRONMENT=local allows that`);
  return { url, tls: { verify: false } };
}

function readUrl(name: string, settings: Settings): string {
  const value = settings.url(name, ['postgresql:', 'postgres:']);
  if (value === null) settings.fault(name, 'is missing');
  if (value === null || !URL.canParse(value)) return '';
  const { searchParams } = new URL(value);
  const refused = [...searchParams].filter(([parameter, given]) => overruling.test(parameter) || (parameter === 'host' && !given.startsWith('/')));
  if (refused.length > 0) settings.fault(name, `must not have the parameter ${refused[0]![0]}; LEDGER_DATABASE_TLS says how it is encrypted`);
  return value;
}

/** The driver takes `host` from the parameters first: a folder there, or as the host, is that of a unix socket. */
function staysOnMachine(url: URL): boolean {
  return url.searchParams.has('host') || /^%2f/i.test(url.hostname) || isLocalHost(url.hostname);
}
