import { Answer, listen, LocalServer } from './__testUtils__/upstreams';
import { HttpAlertmanager } from './Alertmanager';

describe('HttpAlertmanager', () => {
  let server: LocalServer;
  let answer: Answer;
  beforeEach(async () => {
    server = await listen(() => answer);
  });
  afterEach(() => server.close());

  it('reads active alerts and marks the suppressed ones', async () => {
    const alert = (alertname: string, state: string) => ({
      labels: { alertname, severity: 'page' },
      annotations: { summary: 's' },
      startsAt: '2026-11-21T01:02:03.456+02:00',
      status: { state, inhibitedBy: [], silencedBy: [] },
      fingerprint: 'x',
    });
    answer = { body: [alert('LedgerDown', 'active'), alert('LedgerAvailability', 'suppressed')] };
    const alerts = await new HttpAlertmanager({ baseUrl: server.url, token: 't' }).activeAlerts();
    expect(alerts.map(one => [one.name, one.suppressed])).toEqual([['LedgerDown', false], ['LedgerAvailability', true]]);
    expect(alerts[0].startsAt).toBe('2026-11-20T23:02:03.456Z');
    expect(server.asked[0]).toMatchObject({ path: '/api/v2/alerts?active=true', authorization: 'Bearer t' });
  });

  it('gives failures as UpstreamError', async () => {
    answer = { status: 500, body: 'broken' };
    await expect(new HttpAlertmanager({ baseUrl: server.url }).activeAlerts()).rejects.toMatchObject({ name: 'UpstreamError', source: 'Alertmanager' });
  });
});
