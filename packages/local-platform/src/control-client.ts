/** The commands' way to the supervisor. */
import type { PlatformConfig } from './config.ts';
import type { PlatformStatus } from './status.ts';

export function controlClient(config: PlatformConfig) {
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${config.ports.control}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${config.secrets.controlToken}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
  });
  return {
    /** What runs, or undefined when the supervisor does not answer. */
    status: async (): Promise<PlatformStatus | undefined> => {
      try {
        const response = await call('/v1/processes');
        return response.ok ? ((await response.json()) as PlatformStatus) : undefined;
      } catch {
        return undefined;
      }
    },
    /** Returns what is wrong, or undefined when the signal was sent. */
    kill: async (name: string, signal: string, tree: boolean): Promise<string | undefined> => {
      const response = await call(`/v1/processes/${encodeURIComponent(name)}/kill`, { method: 'POST', body: JSON.stringify({ signal, tree }) });
      if (response.ok) return undefined;
      const { detail } = (await response.json()) as { detail?: string };
      return detail ?? `the supervisor answers ${response.status}`;
    },
  };
}
