import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { aFinishedRun, aRun, aStuckRun, aSystem, runId } from '../../../dev/fixtures';
import { RefusedError } from '../../adapters/api';
import { renderRecovery } from '../../__testUtils__/renderRecovery';

const path = `/recovery/runs/${runId}`;
const system = async () => aSystem(Date.now());

describe('the run page', () => {
  it('shows where a run stands and what each step says', async () => {
    renderRecovery(path, { run: async () => aRun(Date.now(), 5), system });

    expect(await screen.findByText('5 of 10 steps done. Now: Promote Region B.')).toBeInTheDocument();
    expect(await screen.findByText('Payments: Region A → Region B')).toBeInTheDocument();
    expect(screen.getByRole('timer')).toHaveTextContent(/^00:00:4\d$/);
    expect(screen.getByText('waiting for timeline 4, pg-b1 is on 3')).toBeInTheDocument();
    expect(screen.getByText('Nothing. Then, by itself: Switch traffic.')).toBeInTheDocument();
    expect(screen.getByText('live · 1 s')).toBeInTheDocument();
  });

  it('unfolds a step to what was seen and what to do by hand', async () => {
    renderRecovery(path, { run: async () => aRun(Date.now(), 5), system });
    const step = await screen.findByRole('button', { name: /3\. Fence Region A/ });
    expect(step).toHaveAttribute('aria-expanded', 'false');

    await userEvent.click(step);

    expect(step).toHaveAttribute('aria-expanded', 'true');
    expect(await screen.findByRole('region', { name: 'By hand: Fence Region A' })).toHaveTextContent(/patroni/);
    expect(within(screen.getByRole('list', { name: 'Seen in Fence Region A' })).getAllByRole('listitem')).toHaveLength(2);
  });

  it('steers a stuck run with a reason, and says so when refused', async () => {
    const asked: unknown[] = [];
    const answers = [new RefusedError({ code: 'step-not-retryable', message: '' }), undefined];
    let steered = false;
    renderRecovery(path, {
      run: async () => (steered ? aRun(Date.now(), 5) : aStuckRun(Date.now())),
      system,
      steer: async (...request) => {
        asked.push(request);
        const refusal = answers.shift();
        if (refusal) throw refusal;
        steered = true;
        return aRun(Date.now(), 5);
      },
    });
    const next = await screen.findByRole('region', { name: 'Next for you' });
    expect(within(next).getByRole('alert')).toHaveTextContent('See whether pg-b1 answers, then try again.');
    await userEvent.click(await screen.findByRole('button', { name: 'Try again: Promote Region B' }));

    const dialog = await screen.findByRole('dialog');
    const send = within(dialog).getByRole('button', { name: 'Try again: Promote Region B' });
    expect(send).toBeDisabled();
    fireEvent.change(within(dialog).getByLabelText(/Reason/), { target: { value: 'pg-b1 answers again' } });
    await userEvent.click(send);
    expect(await within(dialog).findByText('This step cannot be tried again now.')).toBeInTheDocument();

    await userEvent.click(send);
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(asked).toEqual(Array(2).fill([runId, 'retry', { stepId: 'promote', reason: 'pg-b1 answers again' }]));
    await waitFor(() => expect(within(next).queryByRole('alert')).not.toBeInTheDocument());
  });

  it('keeps the last answer when the portal stops answering', async () => {
    let down = false;
    renderRecovery(path, {
      run: async () => {
        if (down) throw new Error('connection refused');
        return aRun(Date.now(), 5);
      },
      system,
    });
    await screen.findByText('5 of 10 steps done. Now: Promote Region B.');
    down = true;
    expect(await screen.findByText(/what you see is the last answer.*connection refused/)).toBeInTheDocument();
    expect(screen.getByText('5 of 10 steps done. Now: Promote Region B.')).toBeInTheDocument();
  });

  it('ends with what was measured, and the way back', async () => {
    const run = jest.fn(async () => aFinishedRun(Date.now()));
    renderRecovery(path, { run, system: async () => aSystem(Date.now(), { activeRegion: 'region-b' }) });

    const summary = await screen.findByRole('region', { name: 'Summary' });
    expect(screen.getByText('No acknowledged payment lost, 2,914 payments checked; payments paused for 4.2 s.')).toBeInTheDocument();
    expect(summary).toHaveTextContent('Write gap4.2 s');
    expect(summary).toHaveTextContent('tr_0192f0c1-aaaa-7000-8000-00000000abcd');
    expect(await within(summary).findByRole('link', { name: 'Plan the way back to Region A' })).toHaveAttribute(
      'href',
      '/recovery/payments/plan/planned-region-switch?to=region-a',
    );
    expect(screen.getByText('ended')).toBeInTheDocument();
    expect(screen.queryByText('Next for you')).not.toBeInTheDocument();
    await new Promise(resolve => setTimeout(resolve, 1500));
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('says that there is no such run', async () => {
    renderRecovery(path, {
      run: async () => {
        throw new RefusedError({ code: 'run-not-found', message: '' });
      },
    });
    expect(await screen.findByText('There is no such run.')).toBeInTheDocument();
  });
});
