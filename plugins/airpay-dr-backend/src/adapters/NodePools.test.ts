import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { ClusterManagerClient } from '@google-cloud/container';
import { clusterManagerClient, GkeNodePool } from './NodePools';

type Call = { request: { name: string; nodeCount?: number } };
type Callback = (error: { code: number; message: string } | null, answer?: unknown) => void;

/** The GKE API over real gRPC, from the client package's own descriptors. */
class Gke {
  size = 0;
  busyAnswers = 0;
  runningLooks = 2;
  operationError: string | null = null;
  resizes: number[] = [];
  asked: string[] = [];
  private readonly server = new grpc.Server();

  async start(): Promise<string> {
    const descriptors = JSON.parse(readFileSync(require.resolve('@google-cloud/container/build/protos/protos.json'), 'utf8'));
    const loaded = grpc.loadPackageDefinition(fromJSON(descriptors, { longs: String, enums: String, defaults: true, oneofs: true }));
    const { service } = (loaded as any).google.container.v1.ClusterManager;
    this.server.addService(service, {
      getNodePool: ({ request }: Call, reply: Callback) => {
        this.asked.push(request.name);
        if (!request.name.includes('/application')) return reply({ code: 5, message: 'Not found: nodePool' });
        return reply(null, { name: 'application', initialNodeCount: this.size, status: 'RUNNING' });
      },
      setNodePoolSize: ({ request }: Call, reply: Callback) => {
        if (this.busyAnswers > 0) {
          this.busyAnswers -= 1;
          return reply({ code: 9, message: 'Cluster is running incompatible operation' });
        }
        this.resizes.push(request.nodeCount ?? 0);
        return reply(null, { name: 'operation-1', status: 'RUNNING' });
      },
      getOperation: ({ request }: Call, reply: Callback) => {
        this.asked.push(request.name);
        this.runningLooks -= 1;
        if (this.runningLooks > 0) return reply(null, { name: 'operation-1', status: 'RUNNING' });
        if (!this.operationError) this.size = this.resizes[this.resizes.length - 1];
        return reply(null, { name: 'operation-1', status: 'DONE', error: this.operationError ? { code: 8, message: this.operationError } : undefined });
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    return `127.0.0.1:${port}`;
  }

  stop = () => this.server.forceShutdown();
}

describe('GkeNodePool', () => {
  let gke: Gke;
  let endpoint: string;
  let client: ClusterManagerClient;
  const settings = { project: 'p', location: 'europe-west4', cluster: 'gke-b', nodePool: 'application', activeNodes: 1, standbyNodes: 0 };
  const pool = (nodePool = 'application') => new GkeNodePool({ ...settings, nodePool }, client, async () => undefined);

  beforeEach(async () => {
    gke = new Gke();
    endpoint = await gke.start();
    client = clusterManagerClient(endpoint);
  });
  afterEach(async () => {
    await client.close();
    gke.stop();
  });

  it('reads size and status by the full resource name', async () => {
    gke.size = 3;
    expect(await pool().current()).toEqual({ size: 3, status: 'RUNNING' });
    expect(gke.asked).toEqual(['projects/p/locations/europe-west4/clusters/gke-b/nodePools/application']);
  });

  it('resizes and waits for the operation', async () => {
    await pool().resize(2);
    expect(gke.resizes).toEqual([2]);
    expect(gke.asked).toContain('projects/p/locations/europe-west4/operations/operation-1');
    expect((await pool().current()).size).toBe(2);
  });

  it('asks for nothing when the size is right', async () => {
    gke.size = 2;
    await pool().resize(2);
    expect(gke.resizes).toEqual([]);
  });

  it('waits while another operation runs on the cluster', async () => {
    gke.busyAnswers = 3;
    await pool().resize(1);
    expect(gke.resizes).toEqual([1]);
  });

  it('gives the reason of an operation that failed', async () => {
    gke.operationError = 'Quota CPUS exceeded in europe-west4';
    await expect(pool().resize(1)).rejects.toMatchObject({ outcome: 'refused', message: expect.stringContaining('Quota CPUS exceeded') });
  });

  it('calls a pool that does not exist refused, a server that is gone unknown', async () => {
    await expect(pool('other').current()).rejects.toMatchObject({ outcome: 'refused' });
    gke.stop();
    await expect(pool().current()).rejects.toMatchObject({ outcome: 'unknown' });
  });
});
