import { screen } from '@testing-library/react';
import { aPlan, aSystem } from '../../../dev/fixtures';
import { renderRecovery } from '../../__testUtils__/renderRecovery';

// In a file of its own: Backstage keeps an answer about a permission for two seconds, across tests too.
it('the plan page lets only those start who may', async () => {
  renderRecovery('/recovery/payments/plan/planned-region-switch', { system: async () => aSystem(Date.now()), plan: async () => aPlan(Date.now()) }, false);
  expect(await screen.findByText(/for the SRE and incident command groups; you are in neither/)).toBeInTheDocument();
  expect(screen.getByLabelText('Reason')).toBeDisabled();
  expect(screen.getByRole('button', { name: /^start/i })).toBeDisabled();
});
