import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readEstate, renderedClusters, type Manifest } from './manifests.ts';
import { clusterOf, judge, type Cluster, type Endpoint, type Pod } from './network-engine.ts';
import { checkNeeds, checkRows, madeByKyverno, readMatrix, table, tableFile, toClusters } from './network.ts';

const estate = readEstate();
const matrix = readMatrix();
// What is committed in rendered/; with all that Argo CD applies, the same is asked in fleet.test.ts.
const clusters = toClusters(renderedClusters(), matrix, estate);

/** The same clusters with one thing changed. */
function changed(change: (manifests: Manifest[], cluster: string) => void): Map<string, Cluster> {
  return new Map([...clusters].map(([name, { manifests }]) => {
    const copy = structuredClone(manifests);
    change(copy, name);
    return [name, clusterOf(copy, matrix.namespaces)];
  }));
}
const find = (manifests: Manifest[], kind: string, name: string) => manifests.find(item => item.kind === kind && item.metadata.name === name);
const policy = (manifests: Manifest[], name = 'ledger') => find(manifests, 'NetworkPolicy', name)?.spec;
const without = (rules: any[], part: string) => rules.filter(rule => !JSON.stringify(rule).includes(part));

describe('network matrix', () => {
  it('is written out for people, and the page is of today', () => {
    assert.ok(existsSync(tableFile), 'run node infra/gitops/checks/network.ts --table');
    assert.equal(readFileSync(tableFile, 'utf8'), table(matrix, estate), 'run node infra/gitops/checks/network.ts --table');
  });

  it('is red for a row the manifests do not bear out, a row twice, and a row about nobody', () => {
    const rows = [
      { from: 'payments/ledger', to: 'own-database', port: 'TCP/readWrite', allowed: false, why: 'turned around' },
      { from: 'stranger', to: 'payments/ledger', port: 'TCP/8080', allowed: true, why: 'turned around' },
      { from: 'payments/nobody', to: 'kube-dns', port: 'UDP/53', allowed: true, why: 'no such workload' },
      { from: 'payments/ledger', to: 'kube-dns', port: 'UDP/53', allowed: true, why: 'names' },
      { from: 'payments/ledger', to: 'kube-dns', port: 'UDP/53', allowed: true, why: 'names' },
    ];
    const text = checkRows({ ...matrix, rows }, clusters, estate).join('\n');
    assert.match(text, /ledger -> own-database TCP\/readWrite should be denied and is not/);
    assert.match(text, /stranger -> payments\/ledger TCP\/8080 should be allowed and is not/);
    assert.match(text, /payments\/nobody -> kube-dns UDP\/53: no cluster has both/);
    assert.match(text, /stands twice/);
  });
});

describe('a new namespace of an application, with nothing of its own yet', () => {
  const namespace = (name: string, system: string, mesh: boolean): Manifest => ({
    apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { system, ...(mesh ? { 'istio.io/dataplane-mode': 'ambient' } : {}) } },
  });
  const pod = (name: string): Pod => ({ kind: 'pod', namespace: name, labels: { app: name }, serviceAccount: name, ports: {} });
  const cluster = (mesh: boolean) => {
    const namespaces = [namespace('shop', 'payments', mesh), namespace('till', 'payments', mesh), namespace('ads', 'marketing', mesh)];
    return clusterOf([...namespaces, ...madeByKyverno(namespaces)], { 'kube-system': {} });
  };
  const system = (app: string): Pod => ({ ...pod('kube-system'), labels: { 'k8s-app': app } });
  const dns = system('kube-dns');
  const may = (mesh: boolean, from: Endpoint, to: Endpoint, port: number, protocol: 'TCP' | 'UDP' = 'TCP') => judge(cluster(mesh), from, to, { protocol, port }).allowed;

  it('is not locked out of names, probes or the mesh', () => {
    for (const mesh of [true, false]) {
      for (const protocol of ['UDP', 'TCP'] as const) {
        assert.equal(may(mesh, pod('shop'), dns, 53, protocol), true, `kube-dns by ${protocol}`);
        assert.equal(may(mesh, pod('shop'), system('node-local-dns'), 53, protocol), true, `the node's cache by ${protocol}`);
      }
      assert.equal(may(mesh, { kind: 'address', address: '169.254.7.127' }, pod('shop'), 8080), true);
    }
    assert.equal(may(true, pod('shop'), pod('till'), 8080), true, 'the tunnel between namespaces of one system');
  });

  it('reaches nothing else, and nothing reaches it', () => {
    for (const mesh of [true, false]) {
      assert.equal(may(mesh, pod('shop'), dns, 8080), false);
      assert.equal(may(mesh, pod('shop'), { kind: 'name', name: 'hooks.customer.example' }, 443), false);
      assert.equal(may(mesh, pod('shop'), { kind: 'address', address: '10.10.16.5' }, 5432), false);
      assert.equal(may(mesh, pod('shop'), { kind: 'address', address: '169.254.169.254' }, 80), false);
      assert.equal(may(mesh, { kind: 'address', address: '35.191.1.1' }, pod('shop'), 8080), false);
      assert.equal(may(mesh, pod('ads'), pod('shop'), 8080), false);
    }
    assert.equal(may(false, pod('shop'), pod('till'), 8080), false);
  });
});

describe('what the reference systems did to themselves is seen', () => {
  const cases: [string, RegExp, (manifests: Manifest[]) => void][] = [
    ['DNS by UDP only', /payments\/ledger -> kube-dns TCP\/53 \(names\) is needed and denied/, all => {
      for (const rule of policy(all)?.egress ?? []) rule.ports = rule.ports?.filter((port: any) => port.port !== 53 || port.protocol === 'UDP');
      for (const rule of policy(all, 'platform-default-allow')?.egress ?? []) rule.ports = rule.ports?.filter((port: any) => port.port !== 53 || port.protocol === 'UDP');
    }],
    ['names of kube-dns alone, and of the cache on the node by its address', /payments\/ledger -> node-local-dns UDP\/53 \(names\) is needed and denied/, all => {
      for (const item of all) for (const { to = [] } of (item.kind === 'NetworkPolicy' && item.spec.egress) || []) for (const peer of to) {
        if (JSON.stringify(peer).includes('kube-dns')) peer.podSelector = { matchLabels: { 'k8s-app': 'kube-dns' } };
      }
    }],
    ['a default policy that locks the pods out of their database', /payments\/ledger -> own-database TCP\/readWrite \(secret payments-ledger-database-url\) is needed and denied/, all => {
      if (policy(all)) policy(all).egress = without(policy(all).egress, '5432');
    }],
    ['the front ends let in on another port than the pods listen on', /load-balancer -> payments\/ledger TCP\/8080 should be allowed/, all => {
      for (const rule of policy(all)?.ingress ?? []) for (const port of rule.ports ?? []) port.port = 80;
    }],
    ['metrics nobody can collect', /metrics-collector -> payments\/ledger TCP\/8080 \(metrics\) is needed and denied/, all => {
      if (policy(all)) policy(all).ingress = without(policy(all).ingress, 'gmp-system');
    }],
    ['everybody in the namespace of the ledger and beyond let in', /stranger -> payments\/ledger TCP\/8080 should be denied/, all => {
      policy(all)?.ingress.push({ from: [{ namespaceSelector: {} }] });
    }],
    ['no policy that closes anything', /ledger -> other-database TCP\/readWrite should be denied/, all => {
      for (let index = all.length - 1; index >= 0; index -= 1) if (all[index]!.kind === 'NetworkPolicy') all.splice(index, 1);
    }],
    ['egress open to all', /ledger -> metadata-server TCP\/80 should be denied/, all => {
      policy(all)?.egress.push({});
    }],
  ];
  for (const [what, expected, change] of cases) {
    it(what, () => {
      const broken = changed(change);
      const problems = [...checkRows(matrix, broken, estate), ...checkNeeds(matrix, broken, estate)].join('\n');
      assert.match(problems, expected);
    });
  }

  it('a new address in a configuration without a row', () => {
    const broken = changed(all => {
      const map = all.find(item => item.kind === 'ConfigMap' && item.metadata.name.startsWith('ledger-config'));
      if (map) map['data'].FRAUD_URL = 'http://kube-dns.kube-system.svc.cluster.local:9153';
    });
    assert.match(checkNeeds(matrix, broken, estate).join('\n'), /kube-system\/kube-dns TCP\/9153 \(address kube-dns\.kube-system:9153\): kube-system\/kube-dns is neither/);
  });
});
