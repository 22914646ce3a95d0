import type { PartialError } from '@airpay/plugin-airpay-platform-common';
import { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import type { KubernetesObject, KubernetesReading } from './observed';
import { asPartialError, readJson, UpstreamError } from './upstream';

/** Gives the bearer token of the moment. */
export type TokenSource = () => Promise<string>;

/** A token that was configured, or that of the process's own Google account, which the library keeps fresh. */
export function tokenSource(configured?: string): TokenSource {
  if (configured) return async () => configured;
  const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/cloud-platform'] });
  return async () => {
    const token = await auth.getAccessToken();
    if (!token) throw new Error('the account of this process has no token');
    return token;
  };
}

/** Reads what runs in one region. Never throws: what cannot be read is an error in the reading. */
export interface Kubernetes {
  read(): Promise<KubernetesReading>;
}

/** A cluster that is slow to answer must not hold up what the others know. */
const timeoutMs = 2_000;
const ttlMs = 5_000;
/** Objects of one kind; a search over more than this needs an index, not a list. */
const limit = 2_000;

const listSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string().optional(),
        labels: z.record(z.string(), z.string()).optional(),
      }),
      spec: z
        .object({
          hostnames: z.array(z.string()).optional(),
          rules: z.array(z.object({ backendRefs: z.array(z.object({ name: z.string() })).optional() })).optional(),
          replicas: z.number().optional(),
        })
        .optional(),
      status: z
        .object({ phase: z.string().optional(), podIP: z.string().optional(), readyReplicas: z.number().optional() })
        .optional(),
    }),
  ),
});
type Item = z.infer<typeof listSchema>['items'][number];

const paths: Record<KubernetesObject['kind'], string> = {
  Namespace: '/api/v1/namespaces',
  Pod: '/api/v1/pods',
  Deployment: '/apis/apps/v1/deployments',
  HTTPRoute: '/apis/gateway.networking.k8s.io/v1/httproutes',
};

export class HttpKubernetes implements Kubernetes {
  #cached?: { value: Promise<KubernetesReading>; expiresAt: number };

  constructor(
    private readonly options: { region: string; url: string; token: TokenSource; now?: () => number },
  ) {}

  read(): Promise<KubernetesReading> {
    const now = this.#now();
    if (!this.#cached || this.#cached.expiresAt <= now) {
      this.#cached = { value: this.#readAll(), expiresAt: now + ttlMs };
    }
    return this.#cached.value;
  }

  async #readAll(): Promise<KubernetesReading> {
    const errors: PartialError[] = [];
    const kinds = Object.keys(paths) as KubernetesObject['kind'][];
    const lists = await Promise.all(
      kinds.map(async kind => {
        try {
          return await this.#list(kind);
        } catch (error) {
          const failure = asPartialError(error, this.#source());
          if (!errors.some(one => one.message === failure.message)) errors.push(failure);
          return [];
        }
      }),
    );
    return { region: this.options.region, objects: lists.flat(), at: new Date(this.#now()).toISOString(), errors };
  }

  async #list(kind: KubernetesObject['kind']): Promise<KubernetesObject[]> {
    const source = this.#source();
    const { url } = this.options;
    const token = await this.#token(source);
    const { status, body } = await readJson(`${url.replace(/\/$/, '')}${paths[kind]}?limit=${limit}`, { source, timeoutMs, token });
    // Gateway API is an extension; a cluster without it has no routes, which is no failure.
    if (status === 404 && kind === 'HTTPRoute') return [];
    const parsed = listSchema.safeParse(body);
    if (status !== 200 || !parsed.success) {
      throw new UpstreamError(source, `${source} answered ${status} to the list of ${kind}s`);
    }
    return parsed.data.items.map(item => objectOf(kind, item));
  }

  async #token(source: string): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`none within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([this.options.token(), late]);
    } catch (error) {
      throw new UpstreamError(source, `${source} was not asked, no credentials: ${(error as Error).message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #source(): string {
    return `Kubernetes API, ${this.options.region}`;
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }
}

function objectOf(kind: KubernetesObject['kind'], item: Item): KubernetesObject {
  const { metadata, spec, status } = item;
  return {
    kind,
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    ...(status?.podIP ? { ip: status.podIP } : {}),
    hosts: spec?.hostnames ?? [],
    backends: (spec?.rules ?? []).flatMap(rule => (rule.backendRefs ?? []).map(one => one.name)),
    state:
      kind === 'Deployment' ? `${status?.readyReplicas ?? 0} of ${spec?.replicas ?? 1} ready` : status?.phase ?? '',
  };
}
