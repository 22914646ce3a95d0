import type { IdentityApi } from '@backstage/frontend-plugin-api';
import type { CatalogApi } from '@backstage/plugin-catalog-react';
import { readMyServices } from './myServices';

const identityOf = (ownershipEntityRefs: string[]) =>
  ({ getBackstageIdentity: async () => ({ type: 'user', userEntityRef: 'user:default/lea', ownershipEntityRefs }) }) as unknown as IdentityApi;

const component = (name: string, annotations: Record<string, string> = {}) => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name, namespace: 'default', annotations },
});

it('reads what the reader and the teams own, most critical first', async () => {
  const queryEntities = jest.fn(async (_query: unknown) => ({
    items: [component('zeta'), component('refunds', { 'airpay.com/tier': '1' }), component('ledger', { 'airpay.com/tier': '0', 'airpay.com/slo': 'ledger' })],
    totalItems: 3,
    pageInfo: {},
  }));
  const catalog = { queryEntities } as unknown as CatalogApi;
  const refs = ['user:default/lea', 'group:default/payments-core'];
  const services = await readMyServices(catalog, identityOf(refs));
  expect(services.map(one => [one.ref, one.tier, one.hasSlo])).toEqual([
    ['component:default/ledger', '0', true],
    ['component:default/refunds', '1', false],
    ['component:default/zeta', null, false],
  ]);
  expect(queryEntities.mock.calls[0][0]).toMatchObject({ filter: { kind: 'component', 'relations.ownedBy': refs } });
});

it('asks nothing for a reader who belongs to nobody', async () => {
  const queryEntities = jest.fn();
  await expect(readMyServices({ queryEntities } as unknown as CatalogApi, identityOf([]))).resolves.toEqual([]);
  expect(queryEntities).not.toHaveBeenCalled();
});
