/** The supervisor's control API, as far as the clusters need it: processes, replicas, kill. */
import type { Process } from './cluster-api-model.ts';

export type Supervisor = {
  /** Ledger processes of all regions. */
  processes: () => Promise<Process[]>;
  /** Sets how many ledger processes a region runs. */
  setReplicas: (region: string, replicas: number) => Promise<void>;
  /** Ends a process; the supervisor starts it again. */
  kill: (process: string, signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
};

const TIMEOUT_MS = 3_000;

/** A client of the control API. Every call throws Error when it fails or takes longer than 3 s. */
export function supervisorClient(baseUrl: string, token: string): Supervisor {
  const call = async (method: string, route: string, body?: unknown, alsoFine?: number): Promise<unknown> => {
    const response = await fetch(baseUrl + route, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok && response.status !== alsoFine) throw new Error(`supervisor: ${method} ${route}: ${response.status} ${text.slice(0, 200)}`);
    return text === '' ? {} : JSON.parse(text);
  };
  return {
    processes: async () => {
      const { processes } = (await call('GET', '/v1/processes')) as { processes: (Process & { kind: string })[] };
      return processes.filter(item => item.kind === 'ledger');
    },
    setReplicas: async (region, replicas) => void (await call('PUT', `/v1/workloads/ledger/${encodeURIComponent(region)}`, { replicas })),
    // 409: it does not run at this moment, which is what was wanted.
    kill: async (process, signal) => void (await call('POST', `/v1/processes/${encodeURIComponent(process)}/kill`, { signal }, 409)),
  };
}
