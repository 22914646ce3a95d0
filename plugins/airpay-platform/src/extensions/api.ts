import { ApiBlueprint, fetchApiRef } from '@backstage/frontend-plugin-api';
import { HttpPlatformApi, platformApiRef } from '../adapters/api';

export const platformApi = ApiBlueprint.make({
  params: define =>
    define({
      api: platformApiRef,
      deps: { fetchApi: fetchApiRef },
      factory: ({ fetchApi }) => new HttpPlatformApi(fetchApi),
    }),
});
