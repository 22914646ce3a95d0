import { fireEvent, screen, within } from '@testing-library/react';
import { exampleList, fakePlatformApi } from '../../__testUtils__/fakeApi';
import { renderPlugin } from '../../__testUtils__/renderPlugin';
import { exampleSlo } from '../../__testUtils__/slos';

const slos = [
  exampleSlo({ slo: 'latency', left: 0.82, burn: 0.1 }),
  exampleSlo({ slo: 'availability', left: 0.31 }),
  exampleSlo({ service: 'refunds', left: 0.06, burn: 16.2, owner: 'group:default/payments-edge' }),
];

const table = () => screen.findByRole('table', { name: 'SLOs' });
/** First words of the link of each row, in order. */
const rowNames = async () =>
  within(await table())
    .getAllByRole('row')
    .slice(1)
    .map(row => within(row).getAllByRole('link')[0].getAttribute('aria-label')!.split(':')[0]);

describe('SLO list', () => {
  it('shows the least budget first, each row a link that says the state in words', async () => {
    renderPlugin('/platform/slos', { api: fakePlatformApi(slos) });
    expect(await rowNames()).toEqual(['refunds availability', 'ledger availability', 'ledger latency']);
    const link = screen.getByRole('link', { name: 'ledger availability: Watch, 31 % of the budget left' });
    expect(link).toHaveAttribute('href', '/platform/slos/ledger-availability');
    expect(screen.getByRole('heading', { name: '1 to act on, 1 to watch of 3' })).toBeInTheDocument();
  });

  it('takes sorting and filter from the URL', async () => {
    renderPlugin('/platform/slos?sort=budget-desc&filter=ledger', { api: fakePlatformApi(slos) });
    expect(await rowNames()).toEqual(['ledger latency', 'ledger availability']);
    expect(screen.getByRole('columnheader', { name: /Budget left/ })).toHaveAttribute('aria-sort', 'descending');
  });

  it('sorts by a click and by state, and can be cleared', async () => {
    renderPlugin('/platform/slos', { api: fakePlatformApi(slos) });
    await table();
    fireEvent.click(screen.getByRole('button', { name: 'Burn now' }));
    fireEvent.click(screen.getByRole('button', { name: 'Burn now' }));
    expect((await rowNames())[0]).toBe('refunds availability');
    fireEvent.click(screen.getByRole('button', { name: /^Watch 1/ }));
    expect(await rowNames()).toEqual(['ledger availability']);
    fireEvent.change(screen.getByLabelText('Filter'), { target: { value: 'zzz' } });
    fireEvent.click(await screen.findByRole('button', { name: 'Clear the filter' }));
    expect(await rowNames()).toHaveLength(3);
  });

  it('draws the heat map only for more than one service', async () => {
    const { unmount } = renderPlugin('/platform/slos', { api: fakePlatformApi(slos) });
    expect(await screen.findByText('Worst budget by team and service')).toBeInTheDocument();
    fireEvent.click(screen.getByRole('button', { name: /^Show 2 SLOs, worst: ledger availability/ }));
    expect(await rowNames()).toEqual(['ledger availability', 'ledger latency']);
    unmount();
    renderPlugin('/platform/slos', { api: fakePlatformApi(slos.slice(0, 2)) });
    await table();
    expect(screen.queryByText('Worst budget by team and service')).not.toBeInTheDocument();
  });

  it('keeps good rows beside a part that failed, and marks missing data', async () => {
    const errors = [{ source: 'refunds-availability', message: 'query timed out' }];
    const api = fakePlatformApi([], { slos: async () => exampleList([exampleSlo({ left: null, burn: null })], { errors }) });
    renderPlugin('/platform/slos', { api });
    const rows = within(await table());
    expect(rows.getByText('No data')).toBeInTheDocument();
    expect(rows.queryByText('100 %')).not.toBeInTheDocument();
    expect(screen.getByText(/query timed out/)).toBeInTheDocument();
  });

  it('says what to do when there are none', async () => {
    renderPlugin('/platform/slos', { api: fakePlatformApi([]) });
    expect(await screen.findByText('Create a service with an SLO')).toBeInTheDocument();
  });

  it('says what failed when nothing came', async () => {
    renderPlugin('/platform/slos', { api: fakePlatformApi([], { slos: () => Promise.reject(new Error('502 from Prometheus')) }) });
    expect(await screen.findByRole('alert')).toHaveTextContent('502 from Prometheus');
  });

  it('draws a part of many rows and more on demand', async () => {
    const many = Array.from({ length: 53 }, (_, index) => ({ ...slos[0], id: `slo-${index}` }));
    renderPlugin('/platform/slos', { api: fakePlatformApi(many) });
    const rows = (await table()).querySelector('tbody')!.children;
    expect(rows).toHaveLength(50);
    fireEvent.click(screen.getByText('Show 3 more of 53'));
    expect(rows).toHaveLength(53);
  });
});
