import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { StartRun } from '@airpay/plugin-airpay-dr-common';
import { aPlan, aRun, aSystem } from '../../../dev/fixtures';
import { RefusedError } from '../../adapters/api';
import { renderRecovery } from '../../__testUtils__/renderRecovery';

const path = '/recovery/payments/plan/planned-region-switch';
const system = async () => aSystem(Date.now());

async function fillIn() {
  const field = await screen.findByLabelText('Reason');
  await waitFor(() => expect(field).toBeEnabled());
  fireEvent.change(field, { target: { value: 'Quarterly exercise' } });
  fireEvent.change(screen.getByLabelText('Type “SWITCH payments”'), { target: { value: 'SWITCH payments' } });
}

const startButton = () => screen.getByRole('button', { name: 'Start: switch payments to Region B' });

beforeAll(() => {
  if (!globalThis.crypto?.randomUUID) {
    Object.defineProperty(globalThis, 'crypto', { value: { randomUUID: () => '0192f0c1-2222-4000-8000-00000000000f' } });
  }
});

describe('the plan page', () => {
  it('shows preconditions, steps and what is missing before the start', async () => {
    renderRecovery(path, { system, plan: async () => aPlan(Date.now()) });
    expect(await screen.findByText('All 4 preconditions hold')).toBeInTheDocument();
    expect(screen.getByText('10 steps')).toBeInTheDocument();
    expect(screen.getByText(/From here on the run can only go forward/)).toBeInTheDocument();
    expect(startButton()).toBeDisabled();
    expect(screen.getByText('The reason is missing.')).toBeInTheDocument();
    expect(screen.getByText('“SWITCH payments” is not typed yet.')).toBeInTheDocument();
  });

  it('starts one run: a repeated click has the same id', async () => {
    const asked: StartRun[] = [];
    renderRecovery(path, {
      system,
      plan: async () => aPlan(Date.now()),
      start: async request => {
        asked.push(request);
        if (asked.length === 1) throw new Error('connection reset');
        return aRun(Date.now(), 0, { id: request.id });
      },
      run: async id => aRun(Date.now(), 0, { id }),
    });
    await fillIn();
    await userEvent.click(startButton());
    expect(await screen.findByText(/Starting again is safe: it is the same run/)).toBeInTheDocument();
    await userEvent.click(startButton());

    expect(await screen.findByText('Next for you')).toBeInTheDocument();
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[0]).toMatchObject({ plan: 'planned-region-switch', system: 'payments', to: 'region-b', planHash: 'a'.repeat(64), confirmation: 'SWITCH payments', reason: 'Quarterly exercise' });
    expect(asked[0].id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('tells when the plan has changed and does not start from the old one', async () => {
    let hash = 'a'.repeat(64);
    const plan = jest.fn(async () => aPlan(Date.now(), { hash }));
    renderRecovery(path, {
      system,
      plan,
      start: async () => {
        hash = 'b'.repeat(64);
        throw new RefusedError({ code: 'state-changed', message: '' });
      },
    });
    await fillIn();
    await userEvent.click(startButton());

    expect(await screen.findByText(/changed between reading the plan and starting/)).toBeInTheDocument();
    expect(await screen.findByText(/What was observed has changed since you opened this plan/)).toBeInTheDocument();
    expect(startButton()).toBeDisabled();
    await userEvent.click(screen.getByRole('button', { name: 'I have read the new plan' }));
    await waitFor(() => expect(startButton()).toBeEnabled());
  });

  it('says why there is no plan', async () => {
    renderRecovery(`${path}?to=region-a`, {
      system,
      plan: async () => {
        throw new RefusedError({ code: 'already-active', message: '' });
      },
    });
    expect(await screen.findByText(/already takes the payments/)).toBeInTheDocument();
  });
});
