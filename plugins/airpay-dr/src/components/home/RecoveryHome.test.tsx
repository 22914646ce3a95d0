import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { aFinishedRun, aSystem } from '../../../dev/fixtures';
import { renderRecovery } from '../../__testUtils__/renderRecovery';

describe('the recovery home', () => {
  it('answers whether the active region may be lost, and shows both regions', async () => {
    renderRecovery('/recovery', { systems: async () => [aSystem(Date.now())], runs: async () => [aFinishedRun(Date.now())] });

    expect(await screen.findByText('Yes: Region B can take over from Region A now.')).toBeInTheDocument();
    expect(screen.getByText('€41.20')).toBeInTheDocument();
    const a = screen.getByRole('region', { name: 'Region A' });
    expect(a).toHaveTextContent('takes the traffic');
    expect(a).toHaveTextContent('pg-a2 synchronous replica, streaming, 0 B behind');
    expect(screen.getByRole('region', { name: 'Region B' })).not.toHaveTextContent('takes the traffic');
    expect(screen.getByText('0.4 s behind · streaming')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'Plan a switch to Region B' })).toHaveAttribute(
      'href',
      '/recovery/payments/plan/planned-region-switch?to=region-b',
    );
    expect(await screen.findByRole('link', { name: 'Payments: Region A → Region B' })).toBeInTheDocument();
  });

  it('shows the two worst checks first and all on request', async () => {
    const system = aSystem(Date.now());
    const checks = system.checks.map(check => (check.id === 'last-switch' ? { ...check, status: 'act' as const, detail: 'The last switch lost 1' } : check));
    renderRecovery('/recovery', { systems: async () => [{ ...system, checks, readiness: 'notReady' }], runs: async () => [] });

    expect(await screen.findByText('No: Region B could not take over from Region A now.')).toBeInTheDocument();
    expect(screen.getByText('1 of 6 checks want attention:')).toBeInTheDocument();
    expect(screen.getByText(/The last switch lost 1/)).toBeInTheDocument();
    expect(screen.queryByText(/pg-a2 is synchronous/)).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Show all 6 checks' }));
    expect(await screen.findByText(/pg-a2 is synchronous/)).toBeInTheDocument();
  });

  it('says what would be here when there is nothing', async () => {
    renderRecovery('/recovery', { systems: async () => [], runs: async () => [] });
    expect(await screen.findByText(/No system has a recovery plan yet/)).toBeInTheDocument();
    expect(await screen.findByText(/No switch has been run yet/)).toBeInTheDocument();
  });

  it('shows the runs when the systems cannot be read, and reads again on request', async () => {
    let down = true;
    renderRecovery('/recovery', {
      systems: async () => {
        if (down) throw new Error('connection refused');
        return [aSystem(Date.now())];
      },
      runs: async () => [aFinishedRun(Date.now())],
    });
    const alert = (await screen.findByText('The systems could not be read')).closest<HTMLElement>('[role=alert]')!;
    expect(alert).toHaveTextContent('connection refused');
    expect(await screen.findByText('0 / 2,914')).toBeInTheDocument();
    down = false;
    await userEvent.click(within(alert).getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('Yes: Region B can take over from Region A now.')).toBeInTheDocument();
  });
});
