/**
 * The GKE API (google.container.v1.ClusterManager) over gRPC, from the descriptors of the public
 * client package: what a client of the real service sends is understood here unchanged.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadPackageDefinition, Server, ServerCredentials, status as Code, type sendUnaryData, type ServerUnaryCall, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { Conflict, type Control } from './cluster-api-control.ts';
import { NODES_MAX, type ClusterConfig, type Operation } from './cluster-api-model.ts';

const VERSION = '1.34.1-gke.1431000';
const NAME = /^projects\/([^/]+)\/locations\/([^/]+)(?:\/(?:clusters\/([^/]+)(?:\/nodePools\/([^/]+))?|operations\/([^/]+)))?$/;

/** An error with a gRPC status code. */
class Refusal extends Error {
  readonly code: Code;
  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

type Place = { project: string; location: string; cluster?: string; nodePool?: string; operation?: string };

/**
 * Serves the API on 127.0.0.1.
 * @returns the port, and a stop that ends open calls after a second
 * @throws Error naming the port when it is taken
 */
export async function serveGke(port: number, control: Control, changed: () => void) {
  const server = new Server({ 'grpc.max_receive_message_length': 1024 * 1024 });
  server.addService(clusterManagerService(), implementation(control, changed));
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, given) => {
      if (error !== null) reject(new Error(`cluster-api: port ${port} ${/EADDRINUSE/.test(error.message) ? 'is taken by another program' : error.message}`));
      else resolve(given);
    }));
  return {
    port: bound,
    stop: () => new Promise<void>(resolve => {
      const cut = setTimeout(() => server.forceShutdown(), 1_000);
      server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    }),
  };
}

function clusterManagerService(): ServiceDefinition {
  const main = createRequire(import.meta.url).resolve('@google-cloud/container');
  const file = path.join(main.slice(0, main.indexOf(`${path.sep}build${path.sep}`)), 'build', 'protos', 'protos.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof fromJSON>[0];
  const loaded: any = loadPackageDefinition(fromJSON(json, { longs: String, enums: String, defaults: true, oneofs: true }));
  return loaded.google.container.v1.ClusterManager.service as ServiceDefinition;
}

function implementation(control: Control, changed: () => void) {
  const unary = (handle: (request: any) => object) => (call: ServerUnaryCall<any, any>, answer: sendUnaryData<any>) => {
    try {
      answer(null, handle(call.request));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : error instanceof Conflict ? Code.FAILED_PRECONDITION : Code.INTERNAL;
      if (code === Code.INTERNAL) process.stderr.write(`${(error as Error).stack}\n`);
      answer({ code, details: (error as Error).message });
    }
  };
  const clusterOf = (place: Place): ClusterConfig => {
    const found = within(control.clusters, place).find(item => item.name === place.cluster);
    if (found === undefined) throw new Refusal(Code.NOT_FOUND, `Not found: projects/${place.project}/locations/${place.location}/clusters/${place.cluster}.`);
    return found;
  };
  const poolOf = (place: Place): ClusterConfig => {
    const config = clusterOf(place);
    if (place.nodePool !== config.nodePool) throw new Refusal(Code.NOT_FOUND, `Not found: node pool "${place.nodePool}" in cluster "${config.name}".`);
    return config;
  };
  const configOf = (operation: Operation) => control.clusters.find(item => item.name === operation.cluster)!;
  return {
    listClusters: unary(request => ({ clusters: within(control.clusters, parse(request.parent || legacy(request))).map(config => clusterBody(control, config)), missingZones: [] })),
    getCluster: unary(request => clusterBody(control, clusterOf(parse(request.name || legacy(request))))),
    listNodePools: unary(request => ({ nodePools: [poolBody(control, clusterOf(parse(request.parent || legacy(request))))] })),
    getNodePool: unary(request => poolBody(control, poolOf(parse(request.name || legacy(request))))),
    setNodePoolSize: unary(request => {
      const config = poolOf(parse(request.name || legacy(request)));
      if (request.nodeCount < 0 || request.nodeCount > NODES_MAX) throw new Refusal(Code.INVALID_ARGUMENT, `Node count must be from 0 to ${NODES_MAX}.`);
      const operation = control.setNodes(config, request.nodeCount);
      changed();
      return operationBody(config, operation);
    }),
    getOperation: unary(request => {
      const place = parse(request.name || legacy(request));
      const found = control.operations().find(item => item.name === place.operation);
      if (found === undefined || within([configOf(found)], place).length === 0) throw new Refusal(Code.NOT_FOUND, `Not found: ${request.name}.`);
      return operationBody(configOf(found), found);
    }),
    listOperations: unary(request => {
      const inside = within(control.clusters, parse(request.parent || legacy(request))).map(config => config.name);
      const operations = control.operations().filter(item => inside.includes(item.cluster));
      return { operations: operations.map(item => operationBody(configOf(item), item)), missingZones: [] };
    }),
  };
}

function within(clusters: ClusterConfig[], { project, location }: Place): ClusterConfig[] {
  return clusters.filter(item => item.project === project && (location === '-' || item.location === location));
}

function parse(name: string): Place {
  const match = NAME.exec(name);
  if (match === null) throw new Refusal(Code.INVALID_ARGUMENT, `The resource name "${name}" is malformed.`);
  const [, project, location, cluster, nodePool, operation] = match;
  return { project: project!, location: location!, cluster, nodePool, operation };
}

/** The name from the older separate fields, which the API still takes. */
function legacy(request: { projectId?: string; zone?: string; clusterId?: string; nodePoolId?: string; operationId?: string }): string {
  const parts = [`projects/${request.projectId}/locations/${request.zone}`];
  if (request.clusterId) parts.push(`clusters/${request.clusterId}`);
  if (request.nodePoolId) parts.push(`nodePools/${request.nodePoolId}`);
  if (request.operationId) parts.push(`operations/${request.operationId}`);
  return parts.join('/');
}

function selfLink(config: ClusterConfig, rest = ''): string {
  return `https://container.googleapis.com/v1/projects/${config.project}/locations/${config.location}/clusters/${config.name}${rest}`;
}

function clusterBody(control: Control, config: ClusterConfig) {
  const { state } = control.view(config);
  const busy = control.operations().some(item => item.cluster === config.name && item.status === 'RUNNING');
  return {
    name: config.name,
    description: `Payments, ${config.region}`,
    location: config.location,
    locations: [`${config.location}-b`],
    status: busy ? 'RECONCILING' : 'RUNNING',
    initialClusterVersion: VERSION,
    currentMasterVersion: VERSION,
    currentNodeVersion: VERSION,
    currentNodeCount: state.nodes.length,
    createTime: state.createdAt,
    selfLink: selfLink(config),
    resourceLabels: { system: 'payments', region: config.region, environment: 'production', team: 'platform' },
    network: 'payments',
    subnetwork: `payments-${config.region}`,
    nodePools: [poolBody(control, config)],
  };
}

function poolBody(control: Control, config: ClusterConfig) {
  const { state } = control.view(config);
  const busy = control.operations().some(item => item.cluster === config.name && item.status === 'RUNNING');
  return {
    name: config.nodePool,
    status: busy ? 'RECONCILING' : 'RUNNING',
    // The service shows the last size that was set here.
    initialNodeCount: state.nodes.length,
    locations: [`${config.location}-b`],
    version: VERSION,
    selfLink: selfLink(config, `/nodePools/${config.nodePool}`),
    config: { machineType: 'e2-standard-4', diskSizeGb: 50, diskType: 'pd-balanced', imageType: 'COS_CONTAINERD', labels: { system: 'payments', region: config.region }, shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true } },
    management: { autoUpgrade: true, autoRepair: true },
    maxPodsConstraint: { maxPodsPerNode: String(config.podsPerNode) },
  };
}

function operationBody(config: ClusterConfig, operation: Operation) {
  const base = `https://container.googleapis.com/v1/projects/${config.project}/locations/${config.location}`;
  return {
    name: operation.name,
    location: config.location,
    zone: config.location,
    operationType: operation.type,
    status: operation.status,
    detail: `node pool ${operation.nodePool}: ${operation.targetNodes} nodes`,
    startTime: operation.startedAt,
    endTime: operation.endedAt ?? '',
    selfLink: `${base}/operations/${operation.name}`,
    targetLink: selfLink(config, `/nodePools/${operation.nodePool}`),
    ...(operation.error === undefined ? {} : { statusMessage: operation.error, error: { code: Code.DEADLINE_EXCEEDED, message: operation.error } }),
  };
}
