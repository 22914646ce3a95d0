/** Puts the cluster stand-ins together: one state, one GKE API, one Kubernetes API for each cluster. */
import { setTimeout as wait } from 'node:timers/promises';
import { clusterControl, initialCluster } from './cluster-api-control.ts';
import { readLogTail, readManifests } from './cluster-api-files.ts';
import { serveGke } from './cluster-api-gke.ts';
import { kubernetesRoutes, renderStatus } from './cluster-api-kubernetes.ts';
import type { ClusterConfig, State } from './cluster-api-model.ts';
import { supervisorClient } from './cluster-api-supervisor.ts';
import { listen, router } from './http-kit.ts';
import type { Log } from './program-kit.ts';
import { stateFile } from './state-file.ts';

export type ClusterApiOptions = {
  gkePort: number;
  clusters: (ClusterConfig & { kubernetesPort: number; manifestFile: string; initialReplicas: number })[];
  stateFile: string;
  logFolder: string;
  supervisorUrl: string;
  controlToken: string;
  kubernetesToken: string;
};

const LOOK_EVERY_MS = 2_000;
/** While something is on its way. */
const LOOK_SOON_MS = 300;

/** Starts every server and the control loop. @throws Error naming a port that is taken or a bad manifest */
export async function startClusterApi(options: ClusterApiOptions, log: Log) {
  const file = stateFile<State>(options.stateFile, () => ({ resourceVersion: 1, clusters: {}, operations: [] }));
  const state = file.read();
  for (const config of options.clusters) state.clusters[config.name] ??= initialCluster(config, config.initialReplicas, Date.now());
  file.write(state);
  const control = clusterControl({
    clusters: options.clusters,
    manifests: Object.fromEntries(options.clusters.map(config => [config.name, readManifests(config.manifestFile)])),
    state,
    save: file.write,
    supervisor: supervisorClient(options.supervisorUrl, options.controlToken),
    now: Date.now,
    log,
  });
  const loop = controlLoop(control);
  const gke = await serveGke(options.gkePort, control, loop.wake);
  const servers = await Promise.all(options.clusters.map(config => {
    const readLog = (process: string, lines: number) => readLogTail(options.logFolder, process, lines);
    const routes = kubernetesRoutes({ config, control, token: options.kubernetesToken, changed: loop.wake, readLog });
    return listen('cluster-api', config.kubernetesPort, router(routes, renderStatus));
  }));
  const running = loop.run();
  return {
    gkePort: gke.port,
    kubernetesPorts: Object.fromEntries(options.clusters.map((config, index) => [config.name, servers[index]!.port])),
    stop: async () => {
      loop.end();
      await Promise.all([gke.stop(), ...servers.map(server => server.close()), running]);
    },
  };
}

/** Looks every two seconds, sooner after a change; never twice at once. */
function controlLoop(control: ReturnType<typeof clusterControl>) {
  const ending = new AbortController();
  let pause = new AbortController();
  return {
    wake: () => pause.abort(),
    end: () => {
      ending.abort();
      pause.abort();
    },
    run: async () => {
      while (!ending.signal.aborted) {
        pause = new AbortController();
        await control.tick();
        if (ending.signal.aborted) return;
        await wait(control.busy() ? LOOK_SOON_MS : LOOK_EVERY_MS, undefined, { signal: pause.signal }).catch(() => undefined);
      }
    },
  };
}
