import { createDevApp } from '@backstage/frontend-dev-utils';
import { ApiBlueprint, createFrontendModule } from '@backstage/frontend-plugin-api';
import plugin from '../src';
import { recoveryApiRef } from '../src/adapters/api';
import { FakeRecoveryApi } from './FakeRecoveryApi';

// `yarn workspace @airpay/plugin-airpay-dr start`: the pages over a backend in memory.
const fakeBackend = createFrontendModule({
  pluginId: 'airpay-dr',
  extensions: [
    ApiBlueprint.make({
      params: defineParams => defineParams({ api: recoveryApiRef, deps: {}, factory: () => new FakeRecoveryApi() }),
    }),
  ],
});

createDevApp({ features: [plugin, fakeBackend] });
