/** The database's TLS settings as the driver takes them. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { DatabaseTls } from '../domain/databaseTls.ts';

/**
 * Certificate chain and host name are both checked (libpq's verify-full). Without a CA file the system's authorities count.
 * Throws when the CA file cannot be read: better no start than a connection that nobody vouches for.
 */
export function sslOf(tls: DatabaseTls): false | ConnectionOptions {
  if (!tls.verify) return false;
  const ca = tls.caFile === null ? undefined : readFileSync(tls.caFile, 'utf8');
  return { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) };
}
