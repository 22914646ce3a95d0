// A page to work on the plugin without a backend: `yarn start` in this folder.
// `?state=empty|error|partial|slow` on any page shows the other states.
import { ApiBlueprint, createFrontendModule } from '@backstage/frontend-plugin-api';
import { createDevApp } from '@backstage/frontend-dev-utils';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import { platformApiRef } from '../src/adapters/api';
import plugin from '../src';
import { devCatalog, devPlatform } from './platform';

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

createDevApp({ features: [plugin, ...fakes] });
