import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { authProvidersExtensionPoint } from '@backstage/plugin-auth-node';
import { localPeopleProvider } from './authenticator';
import { mayLoad } from './guard';

/** Lets the local platform's sign-in page offer the catalog's people; does nothing anywhere else. */
export const authModuleLocalPeople = createBackendModule({
  pluginId: 'auth',
  moduleId: 'local-people',
  register(env) {
    env.registerInit({
      deps: {
        config: coreServices.rootConfig,
        logger: coreServices.logger,
        providers: authProvidersExtensionPoint,
      },
      async init({ config, logger, providers }) {
        if (!mayLoad(config, process.env.NODE_ENV)) return;
        logger.warn('Anybody who reaches this portal can sign in as a listed person: local platform only');
        providers.registerProvider({ providerId: 'localPeople', factory: localPeopleProvider });
      },
    });
  },
});
