/** Who calls, for whom, and what they may do. Each route names the one scope it needs. */

export const scopes = [
  'accounts:read',
  'accounts:write',
  'transfers:read',
  'transfers:write',
  'holds:write',
  'settlements:write',
  'webhooks:read',
  'webhooks:write',
  'journal:read',
] as const;

export type Scope = (typeof scopes)[number];

/** Who was recognised behind a request. */
export interface Caller {
  tenant: string;
  /** The client of an API key, or `jwt:` and the subject of a token: the two cannot be taken for each other. */
  actor: string;
  scopes: ReadonlySet<Scope>;
  kind: 'key' | 'token';
}

export const tenantPattern = /^[a-z][a-z0-9-]{0,31}$/;
export const defaultTenant = 'default';

export function isScope(value: unknown): value is Scope {
  return (scopes as readonly unknown[]).includes(value);
}
