import { mockApis, renderInTestApp } from '@backstage/frontend-test-utils';
import { screen } from '@testing-library/react';
import { aSystem, runId } from '../../../dev/fixtures';
import { recoveryApi } from '../../__testUtils__/renderRecovery';
import { recoveryApiRef, type RecoveryApi } from '../../adapters/api';
import { recoveryRouteRef } from '../../routes';
import { RecoveryLine } from './RecoveryLine';
import { RecoveryTile } from './RecoveryTile';

const render = (element: JSX.Element, systems: RecoveryApi['systems']) =>
  renderInTestApp(element, {
    mountedRoutes: { '/recovery': recoveryRouteRef },
    apis: [[recoveryApiRef, recoveryApi({ systems })], mockApis.permission()],
  });

it('the line says what would be lost', async () => {
  render(<RecoveryLine />, async () => [aSystem(Date.now())]);
  expect(await screen.findByText(/If region A were lost now: 3 payments, €41\.20 at risk; ready, last switch \d d ago\./)).toBeInTheDocument();
});

it('the line does not pretend to know', async () => {
  render(<RecoveryLine />, async () => {
    throw new Error('connection refused');
  });
  expect(await screen.findByText(/is unknown: connection refused/)).toBeInTheDocument();
});

it('the tile shows both regions and an open run', async () => {
  render(<RecoveryTile />, async () => [aSystem(Date.now(), { openRunId: runId })]);
  expect(await screen.findByText('Payments ready')).toBeInTheDocument();
  expect(screen.getByText('Region A primary, traffic · Region B standby')).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'A switch is under way' })).toHaveAttribute('href', `/recovery/runs/${runId}`);
});
