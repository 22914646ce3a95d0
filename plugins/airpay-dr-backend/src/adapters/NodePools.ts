import { ClusterManagerClient, protos } from '@google-cloud/container';
import { credentials } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';
import { NodePoolView } from '../observed';
import { messageOf, OutsideError } from '../outside';
import { GkeSettings } from '../settings';

/** One region's node pool. */
export interface NodePool {
  /** Nodes asked for per zone of the pool. @throws OutsideError */
  current(): Promise<NodePoolView>;
  /**
   * Asks for `nodes` per zone and waits until the operation is done. Already so: does nothing. The caller still has to
   * look whether pods run: nodes asked for are not nodes that came.
   * @throws OutsideError; `unknown` when the operation is not done in time
   */
  resize(nodes: number): Promise<void>;
  /** Loads what the first call would load; that holds up everything else for seconds, so it is done at start. Never fails. */
  warmUp(): Promise<void>;
}

const callTimeoutMs = 5_000;
const operationTimeoutMs = 10 * 60_000;
const operationPollMs = 200;
/** A pool that is reconciling answers `FAILED_PRECONDITION` to a second change; it is asked again until the deadline. */
const failedPrecondition = 9;
const unknownCodes = new Set([1, 2, 4, 13, 14]);

type Operation = protos.google.container.v1.IOperation;

/** A client for the real service, or without TLS and credentials where the configuration names an endpoint. */
export function clusterManagerClient(apiEndpoint?: string): ClusterManagerClient {
  if (!apiEndpoint) return new ClusterManagerClient();
  const [host, port] = apiEndpoint.split(':');
  return new ClusterManagerClient({
    apiEndpoint: host,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    // Else the library looks for a metadata server, for seconds.
    // The client library carries its own copy of this class, so the types differ by name only.
    authClient: new PassThroughClient() as never,
  });
}

export class GkeNodePool implements NodePool {
  private readonly source: string;
  private readonly parent: string;
  private readonly name: string;

  constructor(
    settings: GkeSettings,
    private readonly client: ClusterManagerClient = clusterManagerClient(settings.apiEndpoint),
    private readonly sleep: (ms: number) => Promise<void> = ms => new Promise(resolve => setTimeout(resolve, ms)),
  ) {
    this.source = `GKE ${settings.cluster}/${settings.nodePool}`;
    this.parent = `projects/${settings.project}/locations/${settings.location}`;
    this.name = `${this.parent}/clusters/${settings.cluster}/nodePools/${settings.nodePool}`;
  }

  async current(): Promise<NodePoolView> {
    // GKE keeps initialNodeCount in step with resizes made by setNodePoolSize.
    const [pool] = await this.translated(() => this.client.getNodePool({ name: this.name }, { timeout: callTimeoutMs, maxRetries: 0 }));
    return { size: pool.initialNodeCount ?? 0, status: String(pool.status ?? 'STATUS_UNSPECIFIED') };
  }

  async resize(nodes: number): Promise<void> {
    if ((await this.current()).size === nodes) return;
    const deadline = Date.now() + operationTimeoutMs;
    let operation = await this.start(nodes, deadline);
    while (String(operation.status) !== 'DONE') {
      if (Date.now() > deadline) throw new OutsideError(this.source, 'unknown', `operation ${operation.name} is not done after ${operationTimeoutMs} ms`);
      await this.sleep(operationPollMs);
      operation = await this.operation(operation.name ?? '');
    }
    if (operation.error?.message) throw new OutsideError(this.source, 'refused', operation.error.message);
  }

  async warmUp(): Promise<void> {
    // Without credentials or network the first real call says so, in words.
    await this.client.initialize().catch(() => undefined);
  }

  private async start(nodes: number, deadline: number): Promise<Operation> {
    for (;;) {
      try {
        const [operation] = await this.client.setNodePoolSize({ name: this.name, nodeCount: nodes }, { timeout: callTimeoutMs, maxRetries: 0 });
        return operation;
      } catch (error) {
        if ((error as { code?: number }).code !== failedPrecondition || Date.now() > deadline) throw this.translate(error);
        await this.sleep(operationPollMs);
      }
    }
  }

  private async operation(id: string): Promise<Operation> {
    const [operation] = await this.translated(() =>
      this.client.getOperation({ name: `${this.parent}/operations/${id}` }, { timeout: callTimeoutMs, maxRetries: 0 }),
    );
    return operation;
  }

  private async translated<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw this.translate(error);
    }
  }

  private translate(error: unknown): OutsideError {
    const code = (error as { code?: number }).code;
    const outcome = code === undefined || unknownCodes.has(code) ? 'unknown' : 'refused';
    return new OutsideError(this.source, outcome, messageOf(error), { cause: error });
  }
}
