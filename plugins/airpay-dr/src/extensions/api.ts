import { ApiBlueprint, fetchApiRef } from '@backstage/frontend-plugin-api';
import { HttpRecoveryApi, recoveryApiRef } from '../adapters/api';

export const recoveryApi = ApiBlueprint.make({
  params: defineParams =>
    defineParams({
      api: recoveryApiRef,
      deps: { fetchApi: fetchApiRef },
      factory: ({ fetchApi }) => new HttpRecoveryApi(fetchApi),
    }),
});
