import { aSystem } from '../../dev/fixtures';
import { systemOfEntity } from './entity';

const systems = [aSystem(0)];
const component = (partOf: string[]) => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name: 'ledger' },
  relations: partOf.map(targetRef => ({ type: 'partOf', targetRef })),
});

it('finds the system itself and what is part of it', () => {
  expect(systemOfEntity({ apiVersion: 'backstage.io/v1alpha1', kind: 'System', metadata: { name: 'payments' } }, systems)).toBe(systems[0]);
  expect(systemOfEntity(component(['system:default/payments']), systems)).toBe(systems[0]);
});

it('finds nothing for others', () => {
  expect(systemOfEntity(component(['system:default/risk']), systems)).toBeUndefined();
  expect(systemOfEntity(component([]), systems)).toBeUndefined();
});
