/** The front's own routes beside Cloud DNS: liveness, metrics, what it sees, and the test fault. */
import type { Backend } from './front-balance.ts';
import { parseFault, type ActiveFault } from './front-faults.ts';
import type { FrontMetrics } from './front-metrics.ts';
import { hasBearer, HttpError, readJsonObject, sendJson, sendText, type Route } from './http-kit.ts';

export type AdminParts = {
  regions: string[];
  active: () => string | undefined;
  backends: Backend[];
  metrics: FrontMetrics;
  faults: { current: () => ActiveFault | undefined; set: (fault: ActiveFault) => void };
  token: string;
  log: (message: string, fields?: Record<string, unknown>) => void;
};

/** Reading is free on the loopback; changing needs the platform's bearer token. */
export function adminRoutes(parts: AdminParts): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/livez',
      handle: call => sendText(call.response, 200, 'text/plain', 'ok\n'),
    },
    {
      method: 'GET',
      pattern: '/metrics',
      handle: async call => {
        countBackends(parts);
        const { registry } = parts.metrics;
        sendText(call.response, 200, registry.contentType, await registry.metrics());
      },
    },
    {
      method: 'GET',
      pattern: '/admin/backends',
      handle: call => {
        const activeRegion = parts.active() ?? null;
        sendJson(call.response, 200, { activeRegion, backends: parts.backends, fault: parts.faults.current() ?? null });
      },
    },
    {
      method: 'POST',
      pattern: '/admin/faults',
      handle: async call => {
        if (!hasBearer(call.request, parts.token)) {
          throw new HttpError(401, 'unauthorized', 'needs the bearer token of the platform');
        }
        const fault = readFault(await readJsonObject(call.request));
        parts.faults.set(fault);
        parts.log('test fault', fault);
        sendJson(call.response, 200, { ...fault, until: new Date(fault.untilMs).toISOString() });
      },
    },
  ];
}

function readFault(body: Record<string, unknown>): ActiveFault {
  try {
    const asked = parseFault(body);
    return { ...asked, untilMs: Date.now() + asked.forSeconds * 1_000 };
  } catch (error) {
    throw new HttpError(400, 'bad-fault', (error as Error).message);
  }
}

function countBackends({ metrics, regions, active, backends }: AdminParts): void {
  for (const region of regions) {
    metrics.activeRegion.set({ region }, region === active() ? 1 : 0);
    for (const health of ['ready', 'alive', 'dead'] as const) {
      const count = backends.filter(item => item.region === region && item.health === health).length;
      metrics.backends.set({ region, health }, count);
    }
  }
}
