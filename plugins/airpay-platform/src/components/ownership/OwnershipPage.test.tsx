import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { exampleAnswer, exampleResult, fakePlatformApi } from '../../__testUtils__/fakeApi';
import { renderPlugin } from '../../__testUtils__/renderPlugin';

const box = () => screen.findByRole('textbox', { name: /^Who owns it/ });

describe('ownership page', () => {
  it('takes the query from the URL and says why it believes the answer', async () => {
    renderPlugin('/ownership?q=ledger');
    expect(await screen.findByText('Payments core')).toBeInTheDocument();
    expect(await box()).toHaveValue('ledger');
    expect(screen.getByText(/names payments-core as its owner/)).toBeInTheDocument();
    expect(screen.getByText(/^read 1\d s ago$/)).toBeInTheDocument();
    expect(screen.getByText(/until the handover/)).toHaveTextContent('until the handover in 2 d · rota of payments-core');
    expect(screen.getByRole('link', { name: 'Ledger errors' })).toHaveAttribute('href', 'https://docs.airpay.example/runbooks/ledger-errors');
  });

  it('asks for what is typed', async () => {
    const ownership = jest.fn(fakePlatformApi().ownership);
    renderPlugin('/ownership', { api: fakePlatformApi([], { ownership }) });
    await userEvent.type(await box(), '  system=payments {Enter}');
    expect(await screen.findByText('Nothing known by the name “system=payments”')).toBeInTheDocument();
    expect(ownership.mock.calls.map(call => call[0])).toEqual(['system=payments']);
  });

  it('does not ask for nothing', async () => {
    const ownership = jest.fn(fakePlatformApi().ownership);
    renderPlugin('/ownership?q=%20', { api: fakePlatformApi([], { ownership }) });
    expect(await screen.findByText('Who owns it, and who is on call?')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Find owner' })).toBeDisabled();
    expect(ownership).not.toHaveBeenCalled();
  });

  it('says so when nobody owns it, and does not make a link of an odd address', async () => {
    const answer = exampleAnswer({ owner: null, onCall: null, runbook: { title: 'Odd', url: 'javascript:alert(1)' } });
    renderPlugin('/ownership?q=x', { api: fakePlatformApi([], { ownership: async query => exampleResult(query, [answer]) }) });
    expect(await screen.findByText('Nobody: the catalog names no owner')).toBeInTheDocument();
    expect(screen.getByText('Odd')).toBeInTheDocument();
    expect(screen.queryByRole('link', { name: 'Odd' })).not.toBeInTheDocument();
  });

  it('does not deny what a failed source might know', async () => {
    const errors = [{ source: 'Kubernetes region-b', message: 'connection refused' }];
    renderPlugin('/ownership?q=pod-1', { api: fakePlatformApi([], { ownership: async query => exampleResult(query, [], { errors }) }) });
    expect(await screen.findByText(/Not every source answered/)).toBeInTheDocument();
    expect(screen.getByText('Kubernetes region-b')).toBeInTheDocument();
  });
});

describe('the keys', () => {
  it('open the box anywhere, find as one types, and open the choice', async () => {
    const answers = [exampleAnswer(), exampleAnswer({ kind: 'namespace', name: 'payments', title: 'payments', entityRef: null })];
    const ownership = jest.fn(async (query: string) => exampleResult(query, answers));
    renderPlugin('/platform/slos', { api: fakePlatformApi([], { ownership }) });
    await screen.findByText('Create a service with an SLO');
    await userEvent.keyboard('{Control>}k{/Control}');
    const dialog = within(await screen.findByRole('dialog', { name: 'Find an owner' }));
    const input = dialog.getByRole('combobox');
    await waitFor(() => expect(input).toHaveFocus());
    await userEvent.keyboard('pay');
    const options = await dialog.findAllByRole('option');
    expect(options[0]).toHaveAttribute('aria-selected', 'true');
    expect(ownership.mock.calls.map(call => call[0])).toEqual(['pay']);
    await userEvent.keyboard('{ArrowDown}');
    expect(options[1]).toHaveAttribute('aria-selected', 'true');
    expect(input).toHaveAttribute('aria-activedescendant', options[1].id);
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(await screen.findByRole('textbox', { name: /^Who owns it/ })).toHaveValue('payments');
  });

  it('close it again', async () => {
    renderPlugin('/ownership');
    await box();
    await userEvent.keyboard('{Meta>}k{/Meta}');
    await screen.findByRole('dialog');
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
  });
});
