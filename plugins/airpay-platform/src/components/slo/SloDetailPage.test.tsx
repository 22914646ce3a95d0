import { fireEvent, screen, within } from '@testing-library/react';
import { fakePlatformApi } from '../../__testUtils__/fakeApi';
import { renderPlugin } from '../../__testUtils__/renderPlugin';
import { exampleDetail, exampleSeries, exampleSlo } from '../../__testUtils__/slos';

// The chart library draws with sizes that the test browser does not have.
jest.mock('./LineChartBox', () => ({ LineChartBox: () => null }));

const path = '/platform/slos/ledger-availability';

describe('SLO detail', () => {
  it('shows objective, availability, budget in percent and time, and burn', async () => {
    renderPlugin(path);
    expect(await screen.findByText('1 m 20 s of 4 m 19 s')).toBeInTheDocument();
    expect(screen.getByText('99.993 %')).toBeInTheDocument();
    expect(screen.getByText('18,012,344 events, 1,243 bad')).toBeInTheDocument();
    expect(screen.getByText('gone in 31 d at this burn')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'Runbook' })).toHaveAttribute('href', 'https://docs.airpay.example/runbooks/ledger-errors');
  });

  it('names each chart with its figures and its gaps, and marks sample history', async () => {
    renderPlugin(path);
    expect(await screen.findByRole('img', { name: /^Line chart of budget left\. .*least .* 1 gaps\.$/ })).toBeInTheDocument();
    for (const name of ['requests', 'errors', 'latency']) {
      expect(screen.getByRole('img', { name: new RegExp(`^Line chart of ${name}`) })).toBeInTheDocument();
    }
    expect(screen.getByText(/^Hatched: sample history, until/)).toBeInTheDocument();
  });

  it('shows a chart as a table, sample rows and gaps marked', async () => {
    renderPlugin(path);
    fireEvent.click(await screen.findByRole('button', { name: 'Latency as a table' }));
    const rows = within(screen.getByRole('region', { name: 'Table of latency' })).getAllByRole('row');
    expect(rows[0]).toHaveTextContent('Timep99p95p50');
    expect(rows[1]).toHaveTextContent(/ms.*ms.*ms/);
    fireEvent.click(screen.getByRole('button', { name: 'Latency as a chart' }));
    expect(screen.queryByRole('region', { name: 'Table of latency' })).not.toBeInTheDocument();
  });

  it('takes the range from the URL and asks anew when it changes', async () => {
    const series = jest.fn(fakePlatformApi().series);
    renderPlugin(`${path}?range=7d`, { api: fakePlatformApi([exampleSlo()], { series }) });
    expect(await screen.findByRole('button', { name: '7d', pressed: true })).toBeInTheDocument();
    fireEvent.click(screen.getByRole('button', { name: '1h' }));
    expect(await screen.findByRole('button', { name: '1h', pressed: true })).toBeInTheDocument();
    expect(series.mock.calls.map(call => call[1])).toEqual(['7d', '1h']);
  });

  it('says which pair of windows fires', async () => {
    renderPlugin(path, { api: fakePlatformApi([], { slo: async () => exampleDetail({ burn: 20, left: 0.2 }) }) });
    const rows = within(await screen.findByRole('region', { name: 'Table of burn alerts' })).getAllByRole('row');
    expect(rows[1]).toHaveTextContent('Firingpages14.4 ×1h 20 ×5m 40 ×2 d 2 h');
    expect(rows).toHaveLength(5);
  });

  it('keeps the figures when the history fails, and shows empty history as such', async () => {
    const { unmount } = renderPlugin(path, {
      api: fakePlatformApi([exampleSlo()], { series: () => Promise.reject(new Error('range query timed out')) }),
    });
    expect(await screen.findByText('range query timed out')).toBeInTheDocument();
    expect(screen.getByText('1 m 20 s of 4 m 19 s')).toBeInTheDocument();
    unmount();
    const empty = async () => ({ ...exampleSeries('1d', Date.now()), series: [] });
    renderPlugin(path, { api: fakePlatformApi([exampleSlo()], { series: empty }) });
    expect(await screen.findAllByText('no data in this range')).toHaveLength(4);
  });

  it('shows no data as no data', async () => {
    renderPlugin(path, { api: fakePlatformApi([], { slo: async () => exampleDetail({ left: null, burn: null }) }) });
    expect(await screen.findByText('no data, of 4 m 19 s')).toBeInTheDocument();
    expect(screen.queryByText(/100 %/)).not.toBeInTheDocument();
  });

  it('leads back from an SLO that does not exist', async () => {
    renderPlugin('/platform/slos/nonsense');
    expect(await screen.findByText('There is no SLO “nonsense”')).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'All SLOs' })).toHaveAttribute('href', '/platform/slos');
  });
});
