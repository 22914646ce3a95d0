import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readManifests } from './cluster-api-files.ts';
import type { Process } from './cluster-api-model.ts';
import { servedResources } from './cluster-api-resources.ts';
import { startClusterApi, type ClusterApiOptions } from './cluster-api-server.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PODS = '/api/v1/namespaces/payments/pods';
const LEDGER = '/apis/apps/v1/namespaces/payments/deployments/ledger';

/** Longer than the control loop waits between two looks. */
const DRAIN_MS = 700;

/** The supervisor's control API over processes that are only numbers. */
function supervisor() {
  const slots = ['a', 'b'].flatMap(letter => [1, 2, 3, 4].map((slot): Process & { kind: string } => ({
    name: `ledger-${letter}-${slot}`, kind: 'ledger', region: `region-${letter}`, port: 14000 + slot, pid: null, state: 'stopped', startedAt: null, restarts: 0,
  })));
  const draining = new Set<string>();
  let nextPid = 100;
  const asked: { region: string; replicas: number }[] = [];
  const kills: { name: string; signal: string }[] = [];
  const start = (item: Process) => Object.assign(item, { state: 'healthy', pid: nextPid++, startedAt: new Date().toISOString() });
  let frozen = false;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', chunk => (text += chunk));
    request.on('end', () => {
      if (request.headers.authorization !== 'Bearer control') return void response.writeHead(401).end();
      const parts = request.url!.split('/');
      if (request.url === '/v1/processes') return void response.end(JSON.stringify({ processes: [...slots, { name: 'pg-a1', kind: 'patroni', region: 'region-a', state: 'healthy' }] }));
      if (request.method === 'PUT') {
        const { replicas } = JSON.parse(text);
        const region = parts.at(-1)!;
        asked.push({ region, replicas });
        if (!frozen) slots.filter(item => item.region === region).forEach((item, index) => {
          if (index < replicas && item.state === 'stopped') start(item);
          if (index >= replicas) Object.assign(item, { state: 'stopped', pid: null, startedAt: null });
        });
        return void response.end('{}');
      }
      const item = slots.find(slot => slot.name === parts[3])!;
      kills.push({ name: item.name, signal: JSON.parse(text).signal });
      // Told to end it goes on as if nothing were, as a real one that drains.
      draining.add(item.name);
      setTimeout(() => Object.assign(item, { state: 'failed', pid: null }), DRAIN_MS);
      setTimeout(() => { start(item); item.restarts += 1; draining.delete(item.name); }, DRAIN_MS + 150);
      response.writeHead(202).end('{}');
    });
  });
  return { server, slots, asked, kills, draining, freeze: (value: boolean) => (frozen = value) };
}

describe('cluster stand-ins', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cluster-api-'));
  const fake = supervisor();
  let api: Awaited<ReturnType<typeof startClusterApi>>;
  let options: ClusterApiOptions;
  let gke: any;

  const kube = async (region: 'a' | 'b', method: string, route: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${api.kubernetesPorts[`gke-payments-region-${region}`]}${route}`, {
      method,
      headers: { authorization: 'Bearer kube', ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  const pods = async (region: 'a' | 'b') => (await kube(region, 'GET', PODS)).body.items as any[];
  const ready = (pod: any) => pod.status.conditions.some((item: any) => item.type === 'Ready' && item.status === 'True');
  const eventually = async (what: string, test: () => Promise<boolean>) => {
    for (let tries = 0; tries < 250; tries += 1) {
      if (await test()) return;
      await wait(80);
    }
    assert.fail(`never: ${what}`);
  };

  before(async () => {
    const port = await new Promise<number>(resolve => fake.server.listen(0, '127.0.0.1', () => resolve((fake.server.address() as AddressInfo).port)));
    mkdirSync(path.join(folder, 'logs'));
    writeFileSync(path.join(folder, 'logs', 'ledger-a-1.log'), 'one\ntwo\nthree\n');
    options = {
      gkePort: 0,
      clusters: ['a', 'b'].map(letter => ({
        project: 'airpay-payments-local', location: letter === 'a' ? 'europe-west1' : 'europe-west4', name: `gke-payments-region-${letter}`, region: `region-${letter}`,
        nodePool: 'application', slots: 4, podsPerNode: 2, initialNodes: letter === 'a' ? 1 : 0, initialReplicas: 2, kubernetesPort: 0,
        manifestFile: path.join(root, 'infra/gitops/rendered', `gke-payments-region-${letter}`, 'manifests.yaml'),
      })),
      stateFile: path.join(folder, 'state.json'), logFolder: path.join(folder, 'logs'), supervisorUrl: `http://127.0.0.1:${port}`, controlToken: 'control', kubernetesToken: 'kube',
    };
    api = await startClusterApi(options, () => {});
    process.env.METADATA_SERVER_DETECTION = 'none';
    const require = createRequire(import.meta.url);
    const { ClusterManagerClient } = require('@google-cloud/container');
    const { credentials } = require('@grpc/grpc-js');
    gke = new ClusterManagerClient({ apiEndpoint: '127.0.0.1', port: api.gkePort, sslCreds: credentials.createInsecure(), projectId: 'airpay-payments-local' });
    await eventually('region A runs', async () => (await pods('a')).filter(ready).length === 2);
  });
  after(async () => {
    await gke.close();
    await api.stop();
    fake.server.closeAllConnections();
    fake.server.close();
    rmSync(folder, { recursive: true });
  });

  const pool = 'projects/airpay-payments-local/locations/europe-west4/clusters/gke-payments-region-b/nodePools/application';

  it('GKE: lists and names clusters and pools to the real client', async () => {
    const [all] = await gke.listClusters({ parent: 'projects/airpay-payments-local/locations/-' });
    assert.deepEqual(all.clusters.map((item: any) => [item.name, item.location, item.status, item.currentNodeCount]), [['gke-payments-region-a', 'europe-west1', 'RUNNING', 1], ['gke-payments-region-b', 'europe-west4', 'RUNNING', 0]]);
    const [inOne] = await gke.listClusters({ parent: 'projects/airpay-payments-local/locations/europe-west4' });
    assert.equal(inOne.clusters.length, 1);
    const [found] = await gke.getNodePool({ name: pool });
    assert.deepEqual([found.name, found.initialNodeCount, found.status], ['application', 0, 'RUNNING']);
    const [listed] = await gke.listNodePools({ parent: pool.split('/nodePools')[0] });
    assert.equal(listed.nodePools.length, 1);
  });

  it('GKE: refuses with the codes of the real service', async () => {
    const cases: [Promise<unknown>, number][] = [
      [gke.getCluster({ name: 'projects/airpay-payments-local/locations/europe-west4/clusters/none' }), 5],
      [gke.getCluster({ name: 'projects/other/locations/europe-west4/clusters/gke-payments-region-b' }), 5],
      [gke.getNodePool({ name: pool.replace('application', 'none') }), 5],
      [gke.getOperation({ name: 'projects/airpay-payments-local/locations/europe-west4/operations/none' }), 5],
      [gke.getCluster({ name: 'nonsense' }), 3],
      [gke.setNodePoolSize({ name: pool, nodeCount: 99 }), 3],
      [gke.deleteCluster({ name: pool.split('/nodePools')[0] }), 12],
    ];
    for (const [call, code] of cases) await assert.rejects(call, (error: any) => error.code === code, String(code));
  });

  it('resizing the pool from 0 starts processes, and the operation is done only then', async () => {
    const before = await pods('b');
    assert.deepEqual(before.map(pod => pod.status.phase), ['Pending', 'Pending']);
    assert.match(before[0].status.conditions[0].message, /^0\/0 nodes are available/);
    fake.freeze(true);
    const [operation] = await gke.setNodePoolSize({ name: pool, nodeCount: 1 });
    assert.deepEqual([operation.status, operation.operationType], ['RUNNING', 'SET_NODE_POOL_SIZE']);
    await wait(500);
    const name = `projects/airpay-payments-local/locations/europe-west4/operations/${operation.name}`;
    assert.equal((await gke.getOperation({ name }))[0].status, 'RUNNING', 'no process has started yet');
    await assert.rejects(gke.setNodePoolSize({ name: pool, nodeCount: 2 }), (error: any) => error.code === 9);
    fake.freeze(false);
    await eventually('operation done', async () => (await gke.getOperation({ name }))[0].status === 'DONE');
    assert.equal(fake.slots.filter(item => item.region === 'region-b' && item.state === 'healthy').length, 2);
    const running = await pods('b');
    assert.deepEqual(running.map(pod => pod.metadata.name).sort(), before.map(pod => pod.metadata.name).sort(), 'the waiting pods are the ones that start');
    assert.ok(running.every(ready));
    assert.equal((await kube('b', 'GET', '/api/v1/nodes')).body.items.length, 1);
    assert.ok(running.every(pod => pod.spec.nodeName.startsWith('gke-region-b-application-')));
    const [done] = await gke.setNodePoolSize({ name: pool, nodeCount: 0 });
    await eventually('scaled down', async () => (await gke.getOperation({ name: `projects/airpay-payments-local/locations/-/operations/${done.name}` }))[0].status === 'DONE');
    assert.equal(fake.slots.filter(item => item.region === 'region-b' && item.state !== 'stopped').length, 0);
    await eventually('pods wait again', async () => (await pods('b')).map(pod => pod.status.phase).join() === 'Pending,Pending');
    const [list] = await gke.listOperations({ parent: 'projects/airpay-payments-local/locations/europe-west4' });
    assert.ok(list.operations.length >= 2);
  });

  it('Kubernetes: an autoscaler stands for each ScaledObject, as KEDA makes it', async () => {
    const { items } = (await kube('a', 'GET', '/apis/keda.sh/v1alpha1/namespaces/payments/scaledobjects')).body;
    const scaled = items.find((item: any) => item.metadata.name === 'ledger');
    const { status, body } = await kube('a', 'GET', '/apis/autoscaling/v2/namespaces/payments/horizontalpodautoscalers/keda-hpa-ledger');
    assert.equal(status, 200);
    assert.equal(scaled.status.hpaName, 'keda-hpa-ledger');
    assert.equal(body.metadata.labels['scaledobject.keda.sh/name'], 'ledger');
    assert.equal(body.metadata.labels['backstage.io/kubernetes-id'], 'ledger');
    assert.equal(body.metadata.ownerReferences[0].uid, scaled.metadata.uid);
    assert.deepEqual([body.spec.minReplicas, body.spec.maxReplicas], [scaled.spec.minReplicaCount, scaled.spec.maxReplicaCount]);
    assert.deepEqual(body.spec.metrics.map((item: any) => item.type), ['External', 'Resource']);
    assert.equal(body.spec.metrics[0].external.target.averageValue, scaled.spec.triggers[0].metadata.threshold);
    assert.equal(body.status.desiredReplicas, 2);
    // The list that the portal's page asks for has it once.
    const listed = (await kube('a', 'GET', `/apis/autoscaling/v2/horizontalpodautoscalers?labelSelector=${encodeURIComponent('backstage.io/kubernetes-id=ledger')}`)).body.items;
    assert.deepEqual(listed.map((item: any) => item.metadata.name), ['keda-hpa-ledger']);
  });

  it('Kubernetes: serves every kind that GitOps deploys, the table lacks it or not', async () => {
    const groups = (await kube('a', 'GET', '/apis')).body.groups;
    const gke = groups.filter((item: any) => item.name === 'networking.gke.io');
    assert.equal(gke.length, 1);
    assert.equal(gke[0].preferredVersion.version, 'v1');
    for (const { apiVersion, kind } of readManifests(options.clusters[0]!.manifestFile)) {
      const found = (await kube('a', 'GET', apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`)).body.resources?.filter((item: any) => item.kind === kind && !item.name.includes('/'));
      assert.equal(found?.length, 1, `${apiVersion} ${kind}`);
      assert.equal((await kube('a', 'GET', `${apiVersion.includes('/') ? '/apis/' : '/api/'}${apiVersion}/${found[0].name}`)).status, 200, kind);
    }
    assert.equal((await kube('a', 'GET', '/apis/keda.sh/v1alpha1/scaledjobs')).status, 404);
    const made = servedResources([{ apiVersion: 'networking.gke.io/v1alpha1', kind: 'FQDNNetworkPolicy', metadata: { name: 'x', namespace: 'y' } }, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'x' } }]);
    assert.deepEqual(made.slice(-2).map(item => [item.plural, item.namespaced]), [['fqdnnetworkpolicies', true], ['gatewayclasses', false]]);
  });

  it("Kubernetes: answers every list that Backstage's backend asks for", async () => {
    const asked = ['/api/v1/pods', '/api/v1/services', '/api/v1/configmaps', '/api/v1/limitranges', '/api/v1/resourcequotas', '/apis/apps/v1/deployments', '/apis/apps/v1/replicasets', '/apis/autoscaling/v2/horizontalpodautoscalers', '/apis/batch/v1/jobs', '/apis/batch/v1/cronjobs', '/apis/networking.k8s.io/v1/ingresses', '/apis/apps/v1/statefulsets', '/apis/apps/v1/daemonsets', '/api/v1/secrets', '/api/v1/persistentvolumes', '/api/v1/persistentvolumeclaims', '/api/v1/namespaces/payments/events'];
    for (const route of asked) {
      const { status, body } = await kube('a', 'GET', `${route}?labelSelector=${encodeURIComponent('backstage.io/kubernetes-id=ledger')}`);
      assert.equal(status, 200, route);
      assert.match(body.kind, /List$/);
      assert.ok(Array.isArray(body.items), route);
    }
    const count = async (selector: string) => (await kube('a', 'GET', `/apis/apps/v1/deployments?labelSelector=${encodeURIComponent(selector)}`)).body.items.length;
    assert.equal(await count('backstage.io/kubernetes-id in (ledger, other),tier=0'), 1);
    assert.equal(await count('backstage.io/kubernetes-id notin (ledger)'), 0);
    assert.equal(await count('team!=payments-core'), 0);
    assert.equal(await count('team,!absent'), 1);
    assert.equal((await kube('a', 'GET', `${PODS}?labelSelector=${encodeURIComponent('a in (')}`)).status, 400);
    assert.equal((await kube('a', 'GET', '/api/v1/namespaces/other/pods')).body.items.length, 0);
    const policies = readManifests(options.clusters[0]!.manifestFile).filter(item => item.kind === 'NetworkPolicy' && item.metadata.namespace === 'payments');
    assert.equal((await kube('a', 'GET', '/apis/networking.k8s.io/v1/namespaces/payments/networkpolicies')).body.items.length, policies.length);
    assert.ok(policies.length >= 3);
    assert.deepEqual((await kube('a', 'GET', '/apis/batch/v1/namespaces/payments/jobs')).body.items, [], 'the hook of a sync has run and is gone');
  });

  it('Kubernetes: pods, ReplicaSet and Deployment own each other as the Kubernetes tab expects', async () => {
    const [deployment] = (await kube('a', 'GET', '/apis/apps/v1/deployments')).body.items;
    const [replicaSet] = (await kube('a', 'GET', '/apis/apps/v1/replicasets')).body.items;
    assert.equal(replicaSet.metadata.ownerReferences[0].uid, deployment.metadata.uid);
    for (const pod of await pods('a')) {
      assert.equal(pod.metadata.ownerReferences[0].uid, replicaSet.metadata.uid);
      assert.equal(pod.metadata.labels['backstage.io/kubernetes-id'], 'ledger');
    }
    assert.deepEqual([deployment.status.replicas, deployment.status.readyReplicas, deployment.spec.replicas], [2, 2, 2]);
  });

  it('Kubernetes: refuses with Status objects', async () => {
    const cases: [string, string, unknown, Record<string, string>, number][] = [
      ['GET', PODS, undefined, { authorization: 'Bearer wrong' }, 401],
      ['GET', `${PODS}/none`, undefined, {}, 404],
      ['GET', '/apis/argoproj.io/v1alpha1/applications', undefined, {}, 404],
      ['GET', `${PODS}?watch=true`, undefined, {}, 405],
      ['POST', PODS, {}, {}, 405],
      ['PATCH', LEDGER, { spec: { replicas: 'two' } }, {}, 422],
      ['PATCH', LEDGER, { spec: { replicas: -1 } }, {}, 422],
      ['PATCH', LEDGER, { spec: { template: { spec: { containers: [{ name: 'ledger', image: 'x' }] } } } }, {}, 422],
      ['PATCH', LEDGER, { metadata: { resourceVersion: '1' }, spec: { replicas: 3 } }, {}, 409],
      ['PATCH', LEDGER, {}, { 'content-type': 'application/apply-patch+yaml' }, 415],
      ['PATCH', LEDGER, [{ op: 'test', path: '/spec/replicas', value: 9 }], { 'content-type': 'application/json-patch+json' }, 400],
    ];
    for (const [method, route, body, headers, status] of cases) {
      const answer = await kube('a', method, route, body, headers);
      assert.equal(answer.status, status, `${method} ${route} ${JSON.stringify(body)}`);
      assert.deepEqual([answer.body.kind, answer.body.status, answer.body.code], ['Status', 'Failure', status]);
    }
    assert.equal((await kube('a', 'GET', LEDGER)).body.spec.replicas, 2);
  });

  it('scales the real processes, as far as nodes have room', async () => {
    assert.equal((await kube('a', 'PATCH', `${LEDGER}/scale`, { spec: { replicas: 4 } })).body.spec.replicas, 4);
    await eventually('4 pods, 2 of them waiting', async () => (await pods('a')).map(pod => pod.status.phase).sort().join() === 'Pending,Pending,Running,Running');
    assert.ok(!fake.asked.some(item => item.region === 'region-a' && item.replicas > 2), 'one node carries two pods');
    await gke.setNodePoolSize({ name: pool.replace('europe-west4', 'europe-west1').replace('region-b', 'region-a'), nodeCount: 2 });
    await eventually('4 run', async () => (await pods('a')).filter(ready).length === 4);
    const put = (await kube('a', 'GET', `${LEDGER}/scale`)).body;
    assert.equal(put.status.selector, 'app.kubernetes.io/name=ledger');
    assert.equal((await kube('a', 'PUT', `${LEDGER}/scale`, { ...put, spec: { replicas: 1 } })).status, 200);
    await eventually('1 runs', async () => (await pods('a')).length === 1 && fake.slots.filter(item => item.region === 'region-a' && item.state !== 'stopped').length === 1);
    assert.equal((await kube('a', 'PATCH', LEDGER, [{ op: 'replace', path: '/spec/replicas', value: 2 }], { 'content-type': 'application/json-patch+json' })).status, 200);
    await eventually('2 run', async () => (await pods('a')).filter(ready).length === 2);
  });

  it('a killed process shows as a restart; a deleted pod comes back under a new name', async () => {
    const [victim] = await pods('a');
    const slot = fake.slots.find(item => item.name === victim.metadata.annotations['airpay.com/process'])!;
    Object.assign(slot, { state: 'healthy', pid: 999, restarts: slot.restarts + 1, startedAt: new Date().toISOString() });
    await eventually('restart counted', async () => (await pods('a')).find(pod => pod.metadata.name === victim.metadata.name)?.status.containerStatuses[0].restartCount === victim.status.containerStatuses[0].restartCount + 1);
    assert.equal((await kube('a', 'DELETE', `${PODS}/${victim.metadata.name}?gracePeriodSeconds=0`)).status, 200);
    assert.deepEqual(fake.kills.at(-1), { name: slot.name, signal: 'SIGKILL' });
    await eventually('a new pod is ready', async () => {
      const now = await pods('a');
      return now.length === 2 && now.every(ready) && now.every(pod => pod.metadata.name !== victim.metadata.name);
    });
    assert.ok((await pods('a')).every(pod => pod.metadata.name === victim.metadata.name || pod.status.containerStatuses[0].restartCount === 0 || pod.metadata.annotations['airpay.com/process'] !== slot.name));
    const events = (await kube('a', 'GET', `/api/v1/namespaces/payments/events?fieldSelector=involvedObject.name=${victim.metadata.name}`)).body.items;
    assert.ok(events.some((item: any) => item.reason === 'Killing'), JSON.stringify(events.map((item: any) => item.reason)));
  });

  it('a restart annotation replaces every pod, one at a time', async () => {
    const before = (await pods('a')).map(pod => pod.metadata.name);
    const kills = fake.kills.length;
    let fewest = 2;
    const watching = setInterval(() => (fewest = Math.min(fewest, fake.slots.filter(item => item.region === 'region-a' && item.state === 'healthy' && !fake.draining.has(item.name)).length)), 10);
    const patch = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() } } } } };
    assert.equal((await kube('a', 'PATCH', LEDGER, patch, { 'content-type': 'application/strategic-merge-patch+json' })).status, 200);
    await eventually('all replaced', async () => {
      const now = await pods('a');
      return now.length === 2 && now.every(ready) && now.every(pod => !before.includes(pod.metadata.name));
    });
    clearInterval(watching);
    assert.equal(fewest, 1, 'one was always healthy');
    assert.equal(fake.kills.length - kills, 2);
    assert.equal((await kube('a', 'GET', LEDGER)).body.status.updatedReplicas, 2);
    const waiting = (await pods('b')).map(pod => pod.metadata.name);
    await kube('b', 'PATCH', LEDGER, patch);
    await eventually('waiting pods are of the new template', async () => {
      const now = await pods('b');
      return now.length === 2 && now.every(pod => !waiting.includes(pod.metadata.name));
    });
    assert.equal((await kube('b', 'GET', '/apis/apps/v1/replicasets')).body.items.length, 1);
  });

  it('gives the end of the log of the process', async () => {
    const pod = (await pods('a')).find(item => item.metadata.annotations['airpay.com/process'] === 'ledger-a-1');
    assert.equal((await kube('a', 'GET', `${PODS}/${pod.metadata.name}/log?container=ledger&tailLines=2`)).body, 'two\nthree\n');
    assert.equal((await kube('a', 'GET', `${PODS}/${pod.metadata.name}/log?container=other`)).status, 400);
    const waiting = (await pods('b'))[0].metadata.name;
    assert.equal((await kube('b', 'GET', `${PODS}/${waiting}/log`)).status, 400);
  });

  it('remembers what was asked after a restart', async () => {
    await kube('a', 'PATCH', LEDGER, { spec: { replicas: 3 }, metadata: { annotations: { note: 'kept' } } });
    await eventually('3 pods', async () => (await pods('a')).length === 3);
    const before = (await pods('a')).map(pod => [pod.metadata.name, pod.metadata.uid]);
    await gke.close();
    await api.stop();
    api = await startClusterApi(options, () => {});
    await eventually('it sees the processes again', async () => (await pods('a')).filter(ready).length === 3);
    assert.deepEqual((await pods('a')).map(pod => [pod.metadata.name, pod.metadata.uid]), before);
    const deployment = (await kube('a', 'GET', LEDGER)).body;
    assert.deepEqual([deployment.spec.replicas, deployment.metadata.annotations.note], [3, 'kept']);
  });
});
