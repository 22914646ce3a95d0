import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { scaffolderActionsExtensionPoint } from '@backstage/plugin-scaffolder-node';
import { createCheckAction } from './actions/check';
import { createConfirmAction } from './actions/confirm';
import { createPublishAction } from './actions/publish';
import { createReserveAction } from './actions/reserve';
import { createValidateAction } from './actions/validate';
import { configuredHost } from './configuredHost';
import { BackstageServiceCatalog } from './adapters/ServiceCatalog';
import { readPlatform } from './domain/platform';

/** The actions our templates need and Backstage lacks. */
export const scaffolderModuleAirpay = createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'airpay',
  register(env) {
    env.registerInit({
      deps: {
        config: coreServices.rootConfig,
        catalog: catalogServiceRef,
        scaffolder: scaffolderActionsExtensionPoint,
      },
      async init({ config, catalog, scaffolder }) {
        const options = {
          platform: () => readPlatform(config),
          catalog: new BackstageServiceCatalog(catalog),
          gitHost: () => configuredHost(config),
        };
        scaffolder.addActions(
          createValidateAction(options),
          createCheckAction(),
          createReserveAction(options),
          createPublishAction(options),
          createConfirmAction(options),
        );
      },
    });
  },
});
