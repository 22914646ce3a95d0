import { z } from 'zod';
import { readJson, UpstreamError } from './upstream';

export interface ActiveAlert {
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** ISO time. */
  startsAt: string;
  /** Silenced or inhibited: somebody, or a graver alert, already speaks for it. */
  suppressed: boolean;
}

/** Reads the alerts Alertmanager holds. Throws UpstreamError and nothing else. */
export interface Alertmanager {
  activeAlerts(): Promise<ActiveAlert[]>;
}

const source = 'Alertmanager';
const timeoutMs = 3_000;
/** More than this at once is one incident; a page does not list it. */
const maxAlerts = 200;

const labelsSchema = z.record(z.string(), z.string());
const alertsSchema = z.array(
  z.object({
    labels: labelsSchema,
    annotations: labelsSchema,
    startsAt: z.string(),
    status: z.object({ state: z.string() }),
  }),
);

export class HttpAlertmanager implements Alertmanager {
  constructor(private readonly options: { baseUrl: string; token?: string }) {}

  async activeAlerts(): Promise<ActiveAlert[]> {
    const url = `${this.options.baseUrl.replace(/\/$/, '')}/api/v2/alerts?active=true`;
    const { status, body } = await readJson(url, { source, timeoutMs, token: this.options.token });
    const parsed = alertsSchema.safeParse(body);
    if (status !== 200 || !parsed.success) {
      throw new UpstreamError(source, `Alertmanager answered ${status} in a form that was not expected`);
    }
    return parsed.data.slice(0, maxAlerts).map(alert => ({
      name: alert.labels.alertname ?? 'unnamed',
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: new Date(alert.startsAt).toISOString(),
      suppressed: alert.status.state === 'suppressed',
    }));
  }
}
