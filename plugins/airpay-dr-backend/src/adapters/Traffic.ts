import { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { callHttp, Fetch, HttpCall, parseJson } from '../httpCall';
import { TrafficView } from '../observed';
import { messageOf, OutsideError } from '../outside';
import { TrafficSettings } from '../settings';

/** The name payers use, and where it leads. */
export interface Traffic {
  /** @throws OutsideError */
  current(): Promise<TrafficView>;
  /**
   * Points the record to `target`, as one change that replaces exactly what was read: a change by somebody else in
   * between is refused by the service. Waits until the service calls the change done. Already there: does nothing.
   * @throws OutsideError
   */
  pointTo(target: string): Promise<void>;
}

const requestTimeoutMs = 5_000;
const changeTimeoutMs = 60_000;
const changePollMs = 100;
const recordType = 'CNAME';
const scope = 'https://www.googleapis.com/auth/ndev.clouddns.readwrite';

const rrsetSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.number(),
  rrdatas: z.array(z.string()),
});
const listSchema = z.object({ rrsets: z.array(rrsetSchema).default([]) });
const changeSchema = z.object({ id: z.string(), status: z.enum(['pending', 'done']) });

export class CloudDnsTraffic implements Traffic {
  private readonly source = 'Cloud DNS';
  private readonly auth?: GoogleAuth;
  private readonly zoneUrl: string;

  constructor(
    private readonly settings: TrafficSettings,
    private readonly fetchApi: Fetch = fetch,
    private readonly sleep: (ms: number) => Promise<void> = ms => new Promise(resolve => setTimeout(resolve, ms)),
  ) {
    if (!settings.token) this.auth = new GoogleAuth({ scopes: [scope] });
    this.zoneUrl = `${settings.apiEndpoint}/dns/v1/projects/${encodeURIComponent(settings.project)}/managedZones/${encodeURIComponent(settings.managedZone)}`;
  }

  async current(): Promise<TrafficView> {
    const record = await this.read();
    return { target: record?.rrdatas[0] ?? null, ttlSeconds: record?.ttl ?? null };
  }

  async pointTo(target: string): Promise<void> {
    const record = await this.read();
    if (!record) throw new OutsideError(this.source, 'refused', `has no ${recordType} record ${this.settings.record}`);
    if (record.rrdatas.length === 1 && record.rrdatas[0] === target) return;
    const body = { deletions: [record], additions: [{ ...record, rrdatas: [target] }] };
    const made = await this.call({ url: `${this.zoneUrl}/changes`, method: 'POST', body });
    let change = this.checked(() => changeSchema.parse(made));
    const deadline = Date.now() + changeTimeoutMs;
    while (change.status !== 'done') {
      if (Date.now() > deadline) throw new OutsideError(this.source, 'unknown', `change ${change.id} is still pending after ${changeTimeoutMs} ms`);
      await this.sleep(changePollMs);
      const seen = await this.call({ url: `${this.zoneUrl}/changes/${encodeURIComponent(change.id)}` });
      change = this.checked(() => changeSchema.parse(seen));
    }
  }

  private async read() {
    const query = new URLSearchParams({ name: this.settings.record, type: recordType });
    const list = await this.call({ url: `${this.zoneUrl}/rrsets?${query}` });
    return this.checked(() => listSchema.parse(list)).rrsets.find(one => one.name === this.settings.record && one.type === recordType) ?? null;
  }

  private checked<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw new OutsideError(this.source, 'unknown', 'answered something that is not what its interface promises', { cause: error });
    }
  }

  private async call(call: Omit<HttpCall, 'source' | 'timeoutMs'>): Promise<unknown> {
    const headers = { authorization: `Bearer ${await this.token()}` };
    const answer = await callHttp(this.fetchApi, { ...call, headers, source: this.source, timeoutMs: requestTimeoutMs });
    return parseJson(this.source, answer, value => value);
  }

  private async token(): Promise<string> {
    if (this.settings.token) return this.settings.token;
    try {
      const token = await this.auth?.getAccessToken();
      if (token) return token;
    } catch (error) {
      throw new OutsideError(this.source, 'refused', `no Google credentials: ${messageOf(error)}`, { cause: error });
    }
    throw new OutsideError(this.source, 'refused', 'no Google credentials');
  }
}
