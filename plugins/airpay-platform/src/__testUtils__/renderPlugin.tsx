import { coreExtensionData, createExtension, createFrontendModule } from '@backstage/frontend-plugin-api';
import { mockApis, renderTestApp } from '@backstage/frontend-test-utils';
import { catalogApiRef, type CatalogApi } from '@backstage/plugin-catalog-react';
import plugin from '..';
import { platformApiRef, type PlatformApi } from '../adapters/api';
import { fakePlatformApi } from './fakeApi';

export const catalogOf = (names: string[]) =>
  ({
    queryEntities: async () => ({
      items: names.map(name => ({
        apiVersion: 'backstage.io/v1alpha1',
        kind: 'Component',
        metadata: { name, namespace: 'default', annotations: { 'airpay.com/tier': '0', 'airpay.com/slo': name } },
      })),
      totalItems: names.length,
      pageInfo: {},
    }),
  }) as unknown as CatalogApi;

/** The whole plugin in a test app at one address, over a platform in memory. */
export function renderPlugin(path: string, options: { api?: PlatformApi; catalog?: CatalogApi; recovery?: JSX.Element } = {}) {
  const { api = fakePlatformApi(), catalog = catalogOf(['ledger']), recovery } = options;
  const attached = recovery && [
    createFrontendModule({
      pluginId: 'airpay-platform',
      extensions: ['recovery', 'recoveryLine'].map(input =>
        createExtension({
          name: `test-${input}`,
          attachTo: { id: 'page:airpay-platform/home', input },
          output: [coreExtensionData.reactElement],
          factory: () => [coreExtensionData.reactElement(<span>{input}: {recovery}</span>)],
        }),
      ),
    }),
  ];
  return renderTestApp({
    features: [plugin, ...(attached ?? [])],
    initialRouteEntries: [path],
    apis: [
      [platformApiRef, api],
      [catalogApiRef, catalog],
      mockApis.identity({ userEntityRef: 'user:default/lea', ownershipEntityRefs: ['group:default/payments-core'] }),
    ],
  });
}
