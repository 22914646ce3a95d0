import { BackstageUserInfo } from '@backstage/backend-plugin-api';
import { RESOURCE_TYPE_CATALOG_ENTITY } from '@backstage/plugin-catalog-common/alpha';
import {
  AuthorizeResult,
  isResourcePermission,
  Permission,
  PolicyDecision,
} from '@backstage/plugin-permission-common';
import { PermissionPolicy, PolicyQuery, PolicyQueryUser } from '@backstage/plugin-permission-node';
import { RESOURCE_TYPE_SCAFFOLDER_TASK } from '@backstage/plugin-scaffolder-common/alpha';
import { GroupsByRole, rolesOf } from './roles';
import { grantOf } from './rules';

/** Decides by the role table of rules.ts; `own` becomes a condition that the plugin holding the resource applies. */
export class RolePolicy implements PermissionPolicy {
  /** @param userInfo - who the credentials belong to and which references they act as */
  constructor(
    private readonly groups: GroupsByRole,
    private readonly userInfo: (user: PolicyQueryUser) => Promise<BackstageUserInfo>,
  ) {}

  async handle(request: PolicyQuery, user?: PolicyQueryUser): Promise<PolicyDecision> {
    // Services never come here: Backstage decides for them before it asks the policy.
    if (!user) return { result: AuthorizeResult.DENY };
    const info = await this.userInfo(user);
    const grant = grantOf(request.permission.name, rolesOf(this.groups, info.ownershipEntityRefs));
    if (grant === 'allow') return { result: AuthorizeResult.ALLOW };
    if (grant === 'deny') return { result: AuthorizeResult.DENY };
    return onlyOwn(request.permission, info);
  }
}

function onlyOwn(permission: Permission, info: BackstageUserInfo): PolicyDecision {
  if (isResourcePermission(permission, RESOURCE_TYPE_CATALOG_ENTITY)) {
    return condition('catalog', RESOURCE_TYPE_CATALOG_ENTITY, 'IS_ENTITY_OWNER', { claims: info.ownershipEntityRefs });
  }
  if (isResourcePermission(permission, RESOURCE_TYPE_SCAFFOLDER_TASK)) {
    return condition('scaffolder', RESOURCE_TYPE_SCAFFOLDER_TASK, 'IS_TASK_OWNER', { createdBy: [info.userEntityRef] });
  }
  throw new Error(`${permission.name} is granted on one's own resources, but has no rule that tells whose they are`);
}

function condition(
  pluginId: string,
  resourceType: string,
  rule: string,
  params: Record<string, string[]>,
): PolicyDecision {
  return { result: AuthorizeResult.CONDITIONAL, pluginId, resourceType, conditions: { rule, resourceType, params } };
}
