import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { exampleOverview, fakePlatformApi } from '../../__testUtils__/fakeApi';
import { catalogOf, renderPlugin } from '../../__testUtils__/renderPlugin';
import { exampleSlo } from '../../__testUtils__/slos';

const tile = async (name: string) => within(await screen.findByRole('region', { name }));

describe('home page', () => {
  it('says first whether money is moving, with figures and their units', async () => {
    renderPlugin('/');
    expect(await screen.findByRole('heading', { name: 'Money is moving.' })).toBeInTheDocument();
    expect(screen.getByText('412')).toBeInTheDocument();
    expect(screen.getByText('payments/min')).toBeInTheDocument();
    expect(screen.getByText('99.994 %')).toBeInTheDocument();
    expect(screen.getByText(/^live · \d+ s$/)).toBeInTheDocument();
  });

  it('does not call unknown good', async () => {
    const none = { value: null, at: null, source: 'q' };
    const api = fakePlatformApi([], {
      overview: async () =>
        exampleOverview([], { moneyIsMoving: 'unknown', paymentsPerMinute: none, okRatio: none, p99Seconds: none, errors: [{ source: 'Prometheus', message: 'no answer' }] }),
    });
    renderPlugin('/', { api, catalog: catalogOf([]) });
    expect(await screen.findByText('It is unknown whether money is moving.')).toBeInTheDocument();
    expect(screen.getAllByText('no data')).toHaveLength(3);
    expect(screen.getByText('Prometheus')).toBeInTheDocument();
    expect(screen.queryByText(/100 %/)).not.toBeInTheDocument();
  });

  it('shows the figure behind a number on focus', async () => {
    renderPlugin('/');
    (await screen.findByText('412')).parentElement!.focus();
    expect(await screen.findByText(/ledger_transfers_total/)).toBeInTheDocument();
  });

  it('shows the reader their services with the worst budget', async () => {
    const api = fakePlatformApi([exampleSlo({ left: 0.31 }), exampleSlo({ slo: 'latency', left: 0.8 })]);
    renderPlugin('/', { api });
    const mine = await tile('My services');
    expect(await mine.findByRole('link', { name: 'ledger' })).toHaveAttribute('href', '/catalog/default/component/ledger');
    expect(await mine.findByText('31 % left')).toBeInTheDocument();
  });

  it('says what to do when one owns nothing and there are no SLOs', async () => {
    renderPlugin('/', { api: fakePlatformApi([]), catalog: catalogOf([]) });
    expect(await screen.findByText('You own no services')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'Browse the catalog' })).toHaveAttribute('href', '/catalog');
    expect(await screen.findByText('No SLOs yet')).toBeInTheDocument();
  });

  it('names firing alerts with their runbook, and does not call unread alerts quiet', async () => {
    const alert = { name: 'LedgerBurn', severity: 'page', state: 'firing' as const, since: new Date().toISOString(), summary: 'Burns', runbookUrl: 'https://x.example/r', entityRef: null };
    const { unmount } = renderPlugin('/', { api: fakePlatformApi([], { overview: async () => exampleOverview([], { alerts: [alert] }) }) });
    expect(await screen.findByText('1 firing')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'Runbook of LedgerBurn' })).toHaveAttribute('href', 'https://x.example/r');
    unmount();
    const errors = [{ source: 'Alertmanager', message: 'no answer' }];
    renderPlugin('/', { api: fakePlatformApi([], { overview: async () => exampleOverview([], { errors }) }) });
    expect(await screen.findByText('Alerts could not be read')).toBeInTheDocument();
    expect(screen.queryByText('None firing')).not.toBeInTheDocument();
  });

  it('says what failed, and tries again', async () => {
    let fail = true;
    const api = fakePlatformApi([], {
      overview: async () => {
        if (fail) throw new Error('the backend is away');
        return exampleOverview([]);
      },
    });
    renderPlugin('/', { api });
    expect(await screen.findByText('the backend is away')).toBeInTheDocument();
    fail = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('Money is moving.')).toBeInTheDocument();
  });

  it('gives the recovery plugin its line and its tile', async () => {
    renderPlugin('/', { recovery: <b>both regions ready</b> });
    expect((await tile('Recovery')).getByText(/recovery:/)).toHaveTextContent('recovery: both regions ready');
    expect(screen.getByText(/recoveryLine:/)).toHaveTextContent('recoveryLine: both regions ready');
  });

  it('leads from the search box to the owner', async () => {
    renderPlugin('/');
    await userEvent.type(await screen.findByRole('textbox', { name: /^Who owns it/ }), 'ledger{Enter}');
    expect(await screen.findByText('Payments core')).toBeInTheDocument();
  });
});
