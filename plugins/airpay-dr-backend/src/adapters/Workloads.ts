import { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { callHttp, Fetch, parseJson } from '../httpCall';
import { WorkloadView } from '../observed';
import { messageOf, OutsideError } from '../outside';
import { KubernetesSettings } from '../settings';

/** The deployment that takes payments in one region. */
export interface Workload {
  /** @throws OutsideError */
  current(): Promise<WorkloadView>;
}

const requestTimeoutMs = 3_000;
const maxPods = 500;
const scope = 'https://www.googleapis.com/auth/cloud-platform';

const deploymentSchema = z.object({
  spec: z.object({ replicas: z.number().default(1), selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }) }),
  status: z.object({ readyReplicas: z.number().nullish() }).nullish(),
});
const podsSchema = z.object({ items: z.array(z.object({ status: z.object({ phase: z.string().nullish() }).nullish() })) });

export class KubernetesWorkload implements Workload {
  private readonly source: string;
  private readonly auth?: GoogleAuth;

  constructor(private readonly settings: KubernetesSettings, private readonly fetchApi: Fetch = fetch) {
    this.source = `Kubernetes ${new URL(settings.url).host}`;
    if (!settings.token) this.auth = new GoogleAuth({ scopes: [scope] });
  }

  async current(): Promise<WorkloadView> {
    const { namespace, deployment } = this.settings;
    const found = await this.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`, value => deploymentSchema.parse(value));
    const selector = Object.entries(found.spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`).join(',');
    const query = new URLSearchParams({ labelSelector: selector, limit: String(maxPods) });
    const pods = await this.get(`/api/v1/namespaces/${namespace}/pods?${query}`, value => podsSchema.parse(value));
    return {
      desired: found.spec.replicas,
      ready: found.status?.readyReplicas ?? 0,
      running: pods.items.filter(pod => pod.status?.phase === 'Running').length,
    };
  }

  private async get<T>(path: string, parse: (value: unknown) => T): Promise<T> {
    const answer = await callHttp(this.fetchApi, {
      source: this.source,
      url: this.settings.url + path,
      headers: { authorization: `Bearer ${await this.token()}`, accept: 'application/json' },
      timeoutMs: requestTimeoutMs,
    });
    return parseJson(this.source, answer, parse);
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
