import { permissionsServiceFactory } from '@backstage/backend-defaults/permissions';
import { coreServices, createBackendPlugin, createServiceFactory } from '@backstage/backend-plugin-api';
import { mockCredentials, mockServices, startTestBackend } from '@backstage/backend-test-utils';
import { catalogConditions, createCatalogConditionalDecision } from '@backstage/plugin-catalog-backend/alpha';
import { catalogEntityDeletePermission } from '@backstage/plugin-catalog-common/alpha';
import permissionPlugin from '@backstage/plugin-permission-backend';
import { AuthorizeResult, createPermission } from '@backstage/plugin-permission-common';
import { createScaffolderTaskConditionalDecision, scaffolderTaskConditions } from '@backstage/plugin-scaffolder-backend/alpha';
import { taskReadPermission } from '@backstage/plugin-scaffolder-common/alpha';
import { NotAllowedError } from '@backstage/errors';
import { ConfigReader } from '@backstage/config';
import { Router } from 'express';
import request from 'supertest';
import module from './index';
import { RolePolicy } from './policy';
import { readRoles } from './roles';

// Generous: several suites share two cores.
jest.setTimeout(60_000);
const ROLES = {
  engineer: ['group:default/payments-core'],
  recovery: ['group:default/sre', 'group:default/incident-command'],
  audit: ['group:default/audit', 'group:default/incident-command'],
  finance: ['group:default/finance'],
};
const GROUPS: Record<string, string[]> = {
  lea: ['payments-core'],
  mira: ['sre'],
  jonas: ['incident-command'],
  omar: ['audit'],
  ines: ['finance'],
  guest: [],
};
const infoOf = (name: string) => ({
  userEntityRef: `user:default/${name}`,
  ownershipEntityRefs: [`user:default/${name}`, ...GROUPS[name].map(group => `group:default/${group}`)],
});

/** A plugin with one route per permission, guarded as ours are. */
const guarded = createBackendPlugin({
  pluginId: 'guarded',
  register(env) {
    env.registerInit({
      deps: { http: coreServices.httpRouter, httpAuth: coreServices.httpAuth, permissions: coreServices.permissions },
      async init({ http, httpAuth, permissions }) {
        const router = Router();
        router.get('/:permission', (req, res, next) => {
          const permission = createPermission({ name: req.params.permission, attributes: {} });
          httpAuth
            .credentials(req, { allow: ['user', 'service'] })
            .then(credentials => permissions.authorize([{ permission }], { credentials }))
            .then(([decision]) => {
              if (decision.result !== AuthorizeResult.ALLOW) throw new NotAllowedError();
              res.json({ ok: true });
            })
            .catch(next);
        });
        http.use(router);
      },
    });
  },
});

function start(roles: object) {
  return startTestBackend({
    features: [
      permissionPlugin,
      module,
      guarded,
      permissionsServiceFactory,
      createServiceFactory({
        service: coreServices.userInfo,
        deps: {},
        factory: () => ({
          getUserInfo: async credentials => infoOf((credentials.principal as any).userEntityRef.split('/')[1]),
        }),
      }),
      mockServices.rootConfig.factory({ data: { permission: { enabled: true }, airpay: { roles } } }),
    ],
  });
}

describe('routes by role', () => {
  let backend: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    backend = await start(ROLES);
  });
  afterAll(() => backend.stop());
  const get = (permission: string, authorization?: string) => {
    const asked = request(backend.server).get(`/api/guarded/${permission}`);
    return authorization ? asked.set('authorization', authorization) : asked.set('authorization', mockCredentials.none.header());
  };
  const as = (name: string) => mockCredentials.user.header(`user:default/${name}`);

  const PEOPLE = Object.keys(GROUPS);
  const EXPECTED: Array<[string, string[]]> = [
    ['airpay.slo.read', PEOPLE],
    ['airpay.ownership.read', PEOPLE],
    ['airpay.dr.read', PEOPLE],
    ['airpay.dr.execute', ['mira', 'jonas']],
    ['airpay.dr.audit', ['jonas', 'omar']],
    ['scaffolder.task.create', ['lea', 'mira', 'jonas']],
    ['catalog.location.create', ['lea', 'mira', 'jonas']],
    ['kubernetes.resources.read', PEOPLE],
    ['kubernetes.proxy', []],
    ['something.new', []],
  ];
  for (const [permission, allowed] of EXPECTED) {
    it.each(PEOPLE)(`${permission} as %s`, async name => {
      expect((await get(permission, as(name))).status).toBe(allowed.includes(name) ? 200 : 403);
    });
    it(`${permission} without credentials is 401`, async () => {
      expect((await get(permission)).status).toBe(401);
    });
  }

  it('a service is not asked for roles', async () => {
    expect((await get('kubernetes.proxy', mockCredentials.service.header())).status).toBe(200);
  });
});

describe('what one owns', () => {
  const policy = new RolePolicy(readRoles(new ConfigReader({ airpay: { roles: ROLES } })), async ({ credentials }) =>
    infoOf((credentials.principal as any).userEntityRef.split('/')[1]),
  );
  const user = (name: string): any => ({ credentials: mockCredentials.user(`user:default/${name}`) });

  it('entities: those of oneself and one’s groups, by the catalog’s own rule', async () => {
    const decision = await policy.handle({ permission: catalogEntityDeletePermission }, user('lea'));
    const claims = ['user:default/lea', 'group:default/payments-core'];
    expect(decision).toEqual(
      createCatalogConditionalDecision(catalogEntityDeletePermission, catalogConditions.isEntityOwner({ claims })),
    );
    expect(await policy.handle({ permission: catalogEntityDeletePermission }, user('omar'))).toEqual({ result: 'DENY' });
  });

  it('template runs: one’s own, by the scaffolder’s own rule; all of them for auditors', async () => {
    const decision = await policy.handle({ permission: taskReadPermission }, user('ines'));
    expect(decision).toEqual(
      createScaffolderTaskConditionalDecision(taskReadPermission, scaffolderTaskConditions.isTaskOwner({ createdBy: ['user:default/ines'] })),
    );
    expect(await policy.handle({ permission: taskReadPermission }, user('omar'))).toEqual({ result: 'ALLOW' });
  });

  it('nobody gets nothing', async () => {
    expect(await policy.handle({ permission: catalogEntityDeletePermission })).toEqual({ result: 'DENY' });
  });
});

describe('airpay.roles', () => {
  it.each([
    ['a role nobody knows', { ...ROLES, admin: ['group:default/sre'] }, 'airpay.roles.admin is not a role'],
    ['nobody who recovers', { ...ROLES, recovery: [] }, 'airpay.roles.recovery lists no group'],
    ['no auditors', { engineer: ROLES.engineer, recovery: ROLES.recovery }, 'airpay.roles.audit lists no group'],
    ['a person', { ...ROLES, audit: ['user:default/omar'] }, 'only groups can hold a role'],
    ['no roles', undefined, "Missing required config value at 'airpay.roles'"],
  ])('refuses %s', (_case, roles, message) => {
    expect(() => readRoles(new ConfigReader({ airpay: { roles } as any }))).toThrow(message);
  });

  it('stops the portal, not only the policy', async () => {
    await expect(start({ ...ROLES, recovery: [] })).rejects.toThrow('airpay.roles.recovery lists no group');
  });

  it('reads references as the catalog does', () => {
    const groups = readRoles(new ConfigReader({ airpay: { roles: { ...ROLES, engineer: ['Payments-Core'] } } }));
    expect([...groups.engineer]).toEqual(['group:default/payments-core']);
  });
});
