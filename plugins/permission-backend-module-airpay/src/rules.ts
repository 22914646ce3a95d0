import type { Role } from './roles';

/** `own`: allowed on what the person or one of their groups owns (entities) or started (scaffolder tasks). */
export type Grant = 'allow' | 'own' | 'deny';

/** Grants of one permission by role; a role that is not named has none. */
type Rule = Partial<Record<Role, Exclude<Grant, 'deny'>>>;

const READ_BY_ALL: Rule = { everyone: 'allow' };
const BUILD: Rule = { engineer: 'allow', recovery: 'allow' };
const LOOK_AFTER_OWN: Rule = { engineer: 'own', recovery: 'own' };
const NOBODY: Rule = {};

/** Who may do what: permission name by role. The only place where this is decided. */
export const RULES: Readonly<Record<string, Rule>> = {
  'catalog.entity.read': READ_BY_ALL,
  'catalog.entity.create': BUILD,
  'catalog.entity.validate': BUILD,
  'catalog.entity.refresh': LOOK_AFTER_OWN,
  'catalog.entity.delete': LOOK_AFTER_OWN,
  'catalog.location.read': READ_BY_ALL,
  'catalog.location.analyze': BUILD,
  // Templates register what they made with the person's own rights, so whoever may run one may register.
  'catalog.location.create': BUILD,
  // A location takes every entity below it along, also those that others own; change the source instead.
  'catalog.location.delete': NOBODY,
  'catalog.ingestion.read': { engineer: 'allow' },
  'catalog.ingestion.manage': NOBODY,

  'scaffolder.template.parameter.read': READ_BY_ALL,
  'scaffolder.template.step.read': READ_BY_ALL,
  'scaffolder.template.management': { engineer: 'allow' },
  'scaffolder.template.dry-run': BUILD,
  'scaffolder.action.execute': BUILD,
  'scaffolder.task.create': BUILD,
  'scaffolder.task.cancel': LOOK_AFTER_OWN,
  // Logs of a task hold the form's values: one's own, and all of them for auditors.
  'scaffolder.task.read': { everyone: 'own', audit: 'allow' },

  'kubernetes.clusters.read': READ_BY_ALL,
  'kubernetes.resources.read': READ_BY_ALL,
  // The proxy passes any request on with the portal's own token.
  'kubernetes.proxy': NOBODY,

  'airpay.slo.read': READ_BY_ALL,
  'airpay.ownership.read': READ_BY_ALL,
  'airpay.dr.read': READ_BY_ALL,
  'airpay.dr.execute': { recovery: 'allow' },
  'airpay.dr.audit': { audit: 'allow' },
};

/**
 * The strongest grant any of the roles has.
 * @returns `deny` also for a permission that is not listed: a new plugin gets its rights by a decision, not by default
 */
export function grantOf(permission: string, roles: readonly Role[]): Grant {
  const rule = Object.hasOwn(RULES, permission) ? RULES[permission] : NOBODY;
  const grants = roles.map(role => rule[role]);
  if (grants.includes('allow')) return 'allow';
  return grants.includes('own') ? 'own' : 'deny';
}
