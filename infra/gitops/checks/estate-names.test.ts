import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountProblems, cidrProblems, diskProblems, hostProblems, hostsAt, poolProblems, secretProblems, wordProblems, type EstateContext, type Pool } from './estate-names.ts';
import { parseManifests, type Manifest } from './manifests.ts';

const estate = () => ({
  requiredLabels: ['team', 'region'],
  projects: { devops: 'airpay-devops', 'payments-prod': 'airpay-payments-prod' },
  sites: {
    hub: { project: 'devops', environment: 'production', region: 'hub', network: 'devops', cluster: 'gke-devops', role: 'hub', cidrs: { database: '10.0.16.0/24' } },
    'payments-prod-region-a': { project: 'payments-prod', environment: 'production', region: 'region-a', location: 'europe-west1', network: 'payments-prod', cluster: 'gke-a', role: 'primary', cidrs: { database: '10.10.16.0/24' } },
    'payments-prod-region-b': { project: 'payments-prod', environment: 'production', region: 'region-b', network: 'payments-prod', cluster: 'gke-b', role: 'standby', cidrs: { database: '10.20.16.0/24' } },
  },
  databasePorts: { readWrite: 5432, redis: 6379 },
  hosts: { ledger: { host: 'ledger.pay.airpay.example', site: 'payments', regional: true }, portal: { host: 'portal.airpay.example', site: 'hub' } },
  identities: {
    ledger: { perRegion: true, sites: ['payments-prod-region-a'], namespace: 'payments', serviceAccount: 'ledger' },
    keda: { perRegion: true, sites: ['payments-prod-region-a'], namespace: 'keda', serviceAccount: 'keda-operator' },
  },
  secrets: { 'ledger-url': { sites: ['payments-prod-region-a'], readers: ['external-secrets'] }, 'database-root': { sites: ['payments-prod-region-a'], readers: [] } },
});
const text = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: ledger, namespace: payments, annotations: { iam.gke.io/gcp-service-account: ledger-region-a@airpay-payments-prod.iam.gserviceaccount.com } }
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: ledger, namespace: payments }
spec: { data: [{ secretKey: url, remoteRef: { key: ledger-url-region-a } }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ledger, namespace: payments }
spec: { hostnames: [ledger.pay.airpay.example, ledger.region-a.pay.airpay.example] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ledger, namespace: payments }
spec: { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 10.10.16.0/24 } }], ports: [{ port: 5432 }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ledger, namespace: payments }
spec: { template: { spec: { nodeSelector: { cloud.google.com/gke-nodepool: application }, tolerations: [{ key: pool, operator: Equal, value: application, effect: NoSchedule }], containers: [] } } }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: encrypted-rwo, labels: { team: platform } }
parameters: { disk-encryption-kms-key: projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/disks, labels: 'team=platform,region=region-a' }
`;
const pools: Pool[] = [{ name: 'application', taints: [{ key: 'pool', value: 'application', effect: 'NO_SCHEDULE' }] }];
const charts = () => [{
  application: 'keda', namespace: 'keda', name: 'keda',
  values: [{ serviceAccount: { operator: { name: 'keda-operator' } } }, { serviceAccount: { operator: { annotations: { 'iam.gke.io/gcp-service-account': 'keda-region-a@airpay-payments-prod.iam.gserviceaccount.com' } } } }],
}];
const problems = (change: (context: EstateContext, get: (kind: string) => Manifest) => void = () => {}) => {
  const context: EstateContext = { cluster: 'gke-a', manifests: parseManifests(text), charts: charts(), estate: estate() };
  change(context, kind => context.manifests.find(item => item.kind === kind)!);
  return [...accountProblems(context), ...secretProblems(context), ...hostProblems(context), ...cidrProblems(context), ...diskProblems(context), ...poolProblems(context, pools)];
};

const cases: [string, Parameters<typeof problems>[0], RegExp][] = [
  ['an account of another project', (_, get) => (get('ServiceAccount').metadata.annotations!['iam.gke.io/gcp-service-account'] = 'ledger-region-a@airpay-payments-local.iam.gserviceaccount.com'), /payments\/ledger should act as ledger-region-a@airpay-payments-prod\.iam.*says ledger-region-a@airpay-payments-local/],
  ['an account of the other region', (_, get) => (get('ServiceAccount').metadata.annotations!['iam.gke.io/gcp-service-account'] = 'ledger-region-b@airpay-payments-prod.iam.gserviceaccount.com'), /should act as ledger-region-a/],
  ['an identity of the estate that nobody uses', context => context.manifests.splice(0, 1), /payments\/ledger should act as .* and is not annotated/],
  ['an account the estate does not know', (_, get) => (get('ServiceAccount').metadata.name = 'ledgers'), /payments\/ledgers acts as .* no identity of this site/],
  ['an account in the values of a chart', context => (context.charts[0]!.values[1].serviceAccount.operator.annotations['iam.gke.io/gcp-service-account'] = 'keda@airpay-devops.iam.gserviceaccount.com'), /keda\/keda-operator should act as keda-region-a/],
  ['a secret nobody makes', (_, get) => (get('ExternalSecret').spec.data[0].remoteRef.key = 'ledger-uri-region-a'), /no secret ledger-uri-region-a at this site/],
  ['a secret without the region in its id', (_, get) => (get('ExternalSecret').spec.data[0].remoteRef.key = 'ledger-url'), /ledger-url should be ledger-url-region-a/],
  ['a secret of the other region', (_, get) => (get('ExternalSecret').spec.data[0].remoteRef.key = 'ledger-url-region-b'), /should be ledger-url-region-a/],
  ['a secret the cluster may not read', (_, get) => (get('ExternalSecret').spec.data[0].remoteRef.key = 'database-root-region-a'), /may not be read by the cluster/],
  ['a secret that may be read and is not', context => context.manifests.splice(1, 1), /secret ledger-url may be read here and nobody does/],
  ['secrets by a search', (_, get) => (get('ExternalSecret').spec.dataFrom = [{ find: {} }]), /takes secrets by a search/],
  ['a host of another site', (_, get) => get('HTTPRoute').spec.hostnames.push('portal.airpay.example'), /portal\.airpay\.example is no host of this site/],
  ['a host of the other region', (_, get) => get('HTTPRoute').spec.hostnames.push('ledger.region-b.pay.airpay.example'), /ledger\.region-b\.pay\.airpay\.example is no host/],
  ['a host without a route', (_, get) => get('HTTPRoute').spec.hostnames.pop(), /no route for ledger\.region-a\.pay\.airpay\.example/],
  ['a range nobody has', (_, get) => (get('NetworkPolicy').spec.egress[0].to[0].ipBlock.cidr = '10.10.17.0/25'), /10\.10\.17\.0\/25 is no range of the estate/],
  ['the database of the other region, in the same network', (_, get) => (get('NetworkPolicy').spec.egress[0].to[0].ipBlock.cidr = '10.20.16.0/24'), /10\.20\.16\.0\/24 is payments-prod-region-b\.database/],
  ['a port the database machines do not have', (_, get) => (get('NetworkPolicy').spec.egress[0].ports[0].port = 3306), /3306 is no port of the database machines/],
  ['every port of the database machines', (_, get) => delete get('NetworkPolicy').spec.egress[0].ports, /every port of the database machines/],
  ['disks with the key of the other region', (_, get) => (get('StorageClass')['parameters']['disk-encryption-kms-key'] = 'projects/airpay-payments-prod/locations/europe-west4/keyRings/payments-prod-region-b/cryptoKeys/disks'), /the key should be projects\/airpay-payments-prod\/locations\/europe-west1\/keyRings\/payments-prod-region-a\/cryptoKeys\/disks/],
  ['disks labelled with the other region', (_, get) => (get('StorageClass')['parameters'].labels = 'team=platform,region=region-b'), /disks should be labelled region=region-a/],
  ['disks without labels', (_, get) => delete get('StorageClass')['parameters'].labels, /disks should be labelled team=platform/],
  ['a pool that is not there', (_, get) => (get('Deployment').spec.template.spec.nodeSelector['cloud.google.com/gke-nodepool'] = 'high-traffic'), /no pool high-traffic/],
  ['a pool whose taint is not tolerated', (_, get) => (get('Deployment').spec.template.spec.tolerations = []), /does not tolerate pool=application of pool application/],
  ['a toleration of another value', (_, get) => (get('Deployment').spec.template.spec.tolerations[0].value = 'app'), /does not tolerate/],
];

describe('names of the estate', () => {
  it('finds nothing where every name is that of the estate', () => assert.deepEqual(problems(), []));
  for (const [what, change, expected] of cases) {
    it(`sees ${what}`, () => assert.match(problems(change).join('\n'), expected));
  }

  it('knows the hosts of a region and of the hub', () => {
    assert.deepEqual([...hostsAt(estate(), 'payments-prod-region-b')], ['ledger.pay.airpay.example', 'ledger.region-b.pay.airpay.example']);
    assert.deepEqual([...hostsAt(estate(), 'hub')], ['portal.airpay.example']);
  });

  it('sees names and hosts of ours in any text that the estate does not have', () => {
    const known = { names: new Set(['airpay-devops']), hosts: [/^portal\.airpay\.example$/] };
    assert.deepEqual(wordProblems('x', 'bucket: airpay-devops\nurl: https://portal.airpay.example/', known), []);
    assert.deepEqual(wordProblems('x', 'bucket: airpay-thanos\nurl: https://portl.airpay.example/', known), [
      'x: airpay-thanos is no project, bucket or account of the estate',
      'x: portl.airpay.example is no host of the estate',
    ]);
  });
});
