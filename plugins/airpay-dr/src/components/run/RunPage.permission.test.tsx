import { screen } from '@testing-library/react';
import { aStuckRun, aSystem } from '../../../dev/fixtures';
import { renderRecovery } from '../../__testUtils__/renderRecovery';

// In a file of its own: Backstage keeps an answer about a permission for two seconds, across tests too.
it('the run page disables steering for those who may not, and says why', async () => {
  const run = aStuckRun(Date.now());
  renderRecovery(`/recovery/runs/${run.id}`, { run: async () => run, system: async () => aSystem(Date.now()) }, false);
  expect(await screen.findByText(/for the SRE and incident command groups/)).toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Try again: Promote Region B' })).toBeDisabled();
  expect(screen.queryByText('Journal')).not.toBeInTheDocument();
});
