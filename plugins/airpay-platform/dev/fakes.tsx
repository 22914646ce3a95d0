import { ApiBlueprint, createFrontendModule } from '@backstage/frontend-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { platformApiRef } from '../src/adapters/api';
import { devCatalog, devPlatform } from './platform';

/** The platform and the catalog in memory. */
export const fakes = [
  createFrontendModule({
    pluginId: 'airpay-platform',
    extensions: [
      ApiBlueprint.make({
        params: define => define({ api: platformApiRef, deps: {}, factory: () => devPlatform() }),
      }),
    ],
  }),
  createFrontendModule({
    pluginId: 'app',
    extensions: [
      ApiBlueprint.make({
        name: 'dev-catalog',
        params: define => define({ api: catalogApiRef, deps: {}, factory: () => devCatalog() }),
      }),
    ],
  }),
];
