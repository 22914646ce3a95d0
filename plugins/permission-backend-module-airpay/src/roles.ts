import { parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';

/** Roles a group can hold. Everybody signed in is also `everyone`. */
export const GROUP_ROLES = ['engineer', 'recovery', 'audit', 'finance'] as const;
export type GroupRole = (typeof GROUP_ROLES)[number];
export type Role = GroupRole | 'everyone';

/** Without these the portal could start and then have nobody who may recover, build or check. */
const NEEDED_ROLES: readonly GroupRole[] = ['engineer', 'recovery', 'audit'];

/** Groups (full entity references, lower case) by role. */
export type GroupsByRole = Record<GroupRole, ReadonlySet<string>>;

/**
 * Reads airpay.roles.
 * @throws InputError when a role is unknown, a needed one has no group, or a reference is not a group
 */
export function readRoles(config: Config): GroupsByRole {
  const roles = config.getConfig('airpay.roles');
  const unknown = roles.keys().find(key => !GROUP_ROLES.includes(key as GroupRole));
  if (unknown) {
    throw new InputError(`airpay.roles.${unknown} is not a role; the roles are ${GROUP_ROLES.join(', ')}`);
  }
  const groups = Object.fromEntries(
    GROUP_ROLES.map(role => [role, new Set((roles.getOptionalStringArray(role) ?? []).map(ref => groupRef(role, ref)))]),
  ) as unknown as GroupsByRole;
  const empty = NEEDED_ROLES.find(role => groups[role].size === 0);
  if (empty) {
    throw new InputError(`airpay.roles.${empty} lists no group, so nobody could do what this role is for`);
  }
  return groups;
}

/**
 * Roles of somebody.
 * @param ownershipRefs - the references the person acts as: their own and those of their groups
 */
export function rolesOf(groups: GroupsByRole, ownershipRefs: readonly string[]): Role[] {
  const held = GROUP_ROLES.filter(role => ownershipRefs.some(ref => groups[role].has(ref.toLocaleLowerCase('en-US'))));
  return ['everyone', ...held];
}

function groupRef(role: string, ref: string): string {
  const normalized = stringifyEntityRef(parseEntityRef(ref, { defaultKind: 'group' }));
  if (!normalized.startsWith('group:')) {
    throw new InputError(`airpay.roles.${role} lists ${ref}; only groups can hold a role`);
  }
  return normalized;
}
