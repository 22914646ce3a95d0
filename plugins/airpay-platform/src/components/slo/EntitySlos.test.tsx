import { renderInTestApp } from '@backstage/frontend-test-utils';
import { EntityProvider } from '@backstage/plugin-catalog-react';
import { screen, within } from '@testing-library/react';
import { platformApiRef, type PlatformApi } from '../../adapters/api';
import { fakePlatformApi } from '../../__testUtils__/fakeApi';
import { exampleSlo } from '../../__testUtils__/slos';
import { hasSlo } from '../../domain/entity';
import { EntityBudgetCard } from './EntityBudgetCard';
import { EntitySlos } from './EntitySlos';

const entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name: 'ledger', annotations: { 'airpay.com/slo': 'ledger' } },
};
const slos = [exampleSlo({ slo: 'latency', left: 0.82 }), exampleSlo({ left: 0.31 }), exampleSlo({ service: 'refunds', left: 0.06 })];

function renderBeside(element: JSX.Element, api: PlatformApi) {
  return renderInTestApp(<EntityProvider entity={entity}>{element}</EntityProvider>, { apis: [[platformApiRef, api]] });
}

it('the tab shows the SLOs of its component only, least budget first', async () => {
  const list = jest.fn(fakePlatformApi(slos).slos);
  renderBeside(<EntitySlos />, fakePlatformApi(slos, { slos: list }));
  const rows = within(await screen.findByRole('table')).getAllByRole('row').slice(1);
  expect(rows.map(row => row.textContent)).toEqual([expect.stringContaining('ledger / availability'), expect.stringContaining('ledger / latency')]);
  expect(list.mock.calls[0][0]).toEqual({ entityRef: 'component:default/ledger' });
});

it('the tab says what is missing', async () => {
  renderBeside(<EntitySlos />, fakePlatformApi([]));
  expect(await screen.findByText('No SLO is recorded for this component')).toBeInTheDocument();
});

it('the card shows the worst budget and leads to it', async () => {
  renderBeside(<EntityBudgetCard />, fakePlatformApi(slos));
  expect(await screen.findByText('31 %')).toBeInTheDocument();
  expect(screen.getByText(/is the worst of 2/)).toBeInTheDocument();
  expect(screen.getByText('ledger / availability')).toHaveAttribute('href', '/platform/slos/ledger-availability');
});

it('the card says what failed', async () => {
  renderBeside(<EntityBudgetCard />, fakePlatformApi([], { slos: () => Promise.reject(new Error('no answer')) }));
  expect(await screen.findByRole('alert')).toHaveTextContent('no answer');
});

it('both are there only for components that name an SLO service', () => {
  expect(hasSlo(entity)).toBe(true);
  expect(hasSlo({ ...entity, kind: 'API' })).toBe(false);
  expect(hasSlo({ ...entity, metadata: { name: 'x' } })).toBe(false);
  expect(hasSlo({ ...entity, metadata: { name: 'x', annotations: { 'airpay.com/slo': ' ' } } })).toBe(false);
});
