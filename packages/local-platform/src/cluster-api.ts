/** The program of the cluster stand-ins: `node cluster-api.ts <platform.json>`; see cluster-api-server.ts. */
import path from 'node:path';
import { startClusterApi } from './cluster-api-server.ts';
import type { PlatformConfig } from './config.ts';
import { runProgram } from './program-kit.ts';

await runProgram<PlatformConfig>('cluster-api', async (config, log) => {
  const running = await startClusterApi(
    {
      gkePort: config.ports.gke,
      clusters: config.regions.map(region => ({
        project: 'airpay-payments-local',
        location: region.location,
        name: region.cluster,
        region: region.id,
        nodePool: 'application',
        slots: region.ledgerPorts.length,
        podsPerNode: config.sizes.podsPerNode,
        initialNodes: region.nodePoolNodes,
        initialReplicas: region.ledgerReplicas,
        kubernetesPort: region.kubernetesPort,
        manifestFile: path.join(config.root, 'infra/gitops/rendered', region.cluster, 'manifests.yaml'),
      })),
      stateFile: path.join(config.stateDir, 'cluster-api', 'state.json'),
      logFolder: path.join(config.stateDir, 'logs'),
      supervisorUrl: `http://127.0.0.1:${config.ports.control}`,
      controlToken: config.secrets.controlToken,
      kubernetesToken: config.secrets.kubernetesToken,
    },
    log,
  );
  return running.stop;
});
