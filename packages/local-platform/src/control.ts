/** The supervisor's control API: processes and workloads. Liveness is open, everything else needs the control token. */
import { hasBearer, HttpError, readJsonObject, sendJson, sendText, type Call, type Route } from './http-kit.ts';
import type { PlatformStatus } from './status.ts';
import type { Supervisor } from './supervisor.ts';
import { BadReplicas, type Workloads } from './workloads.ts';
import type { RegionConfig } from './config.ts';

export interface ControlParts {
  token: string;
  supervisor: Supervisor;
  workloads: Workloads;
  status: () => Promise<PlatformStatus>;
}

const signals = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2'];

function readSignal(value: unknown): NodeJS.Signals {
  if (typeof value === 'string' && signals.includes(value)) return value as NodeJS.Signals;
  throw new HttpError(400, 'bad-signal', `signal must be one of ${signals.join(', ')}`);
}

export function controlRoutes({ token, supervisor, workloads, status }: ControlParts): Route[] {
  /** Lets in who has the token. */
  const guarded = (handle: (call: Call) => Promise<void> | void) => (call: Call) => {
    if (!hasBearer(call.request, token)) throw new HttpError(401, 'unauthorized', 'needs the control token of this platform');
    return handle(call);
  };
  const processName = ({ params }: Call): string => {
    const name = params['name'] ?? '';
    if (!supervisor.get(name)) throw new HttpError(404, 'unknown-process', `there is no process ${name}`);
    return name;
  };
  const region = ({ params }: Call): RegionConfig => {
    const found = workloads.region(params['region'] ?? '');
    if (!found) throw new HttpError(404, 'unknown-region', `there is no region ${params['region']}`);
    return found;
  };
  return [
    { method: 'GET', pattern: '/livez', handle: ({ response }) => sendText(response, 200, 'text/plain', 'ok\n') },
    { method: 'GET', pattern: '/v1/processes', handle: guarded(async ({ response }) => sendJson(response, 200, await status())) },
    { method: 'GET', pattern: '/v1/workloads/ledger/{region}', handle: guarded(call => sendJson(call.response, 200, workloads.read(region(call)))) },
    {
      method: 'PUT',
      pattern: '/v1/workloads/ledger/{region}',
      handle: guarded(async call => {
        const found = region(call);
        const { replicas } = await readJsonObject(call.request);
        try {
          sendJson(call.response, 200, workloads.set(found, replicas));
        } catch (error) {
          if (error instanceof BadReplicas) throw new HttpError(400, 'bad-replicas', error.message);
          throw error;
        }
      }),
    },
    {
      method: 'POST',
      pattern: '/v1/processes/{name}/kill',
      handle: guarded(async call => {
        const name = processName(call);
        const { signal, tree = false } = await readJsonObject(call.request);
        if (tree !== true && tree !== false) throw new HttpError(400, 'bad-tree', 'tree must be true or false');
        if (!supervisor.kill(name, readSignal(signal ?? 'SIGKILL'), tree)) throw new HttpError(409, 'not-running', `${name} does not run`);
        sendJson(call.response, 202, supervisor.get(name));
      }),
    },
    {
      method: 'POST',
      pattern: '/v1/processes/{name}/stop',
      handle: guarded(async call => {
        const name = processName(call);
        const { signal } = await readJsonObject(call.request);
        await supervisor.stop(name, signal === undefined ? undefined : readSignal(signal));
        sendJson(call.response, 200, supervisor.get(name));
      }),
    },
    {
      method: 'POST',
      pattern: '/v1/processes/{name}/start',
      handle: guarded(async call => {
        const name = processName(call);
        await supervisor.startSoon(name);
        sendJson(call.response, 202, supervisor.get(name));
      }),
    },
  ];
}
