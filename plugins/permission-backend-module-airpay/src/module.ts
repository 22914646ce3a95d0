import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { policyExtensionPoint } from '@backstage/plugin-permission-node/alpha';
import { RolePolicy } from './policy';
import { readRoles } from './roles';

/** Gives the permission backend Airpay's roles. */
export const permissionModuleAirpay = createBackendModule({
  pluginId: 'permission',
  moduleId: 'airpay',
  register(env) {
    env.registerInit({
      deps: {
        config: coreServices.rootConfig,
        userInfo: coreServices.userInfo,
        policy: policyExtensionPoint,
      },
      async init({ config, userInfo, policy }) {
        policy.setPolicy(new RolePolicy(readRoles(config), user => userInfo.getUserInfo(user.credentials)));
      },
    });
  },
});
