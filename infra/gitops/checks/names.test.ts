import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseManifests, type Manifest } from './manifests.ts';
import { problemsOf } from './names.ts';

/** A small cluster in which every name is right. */
const good = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Namespace
metadata: { name: gateway-system }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: shop, namespace: shop }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: shop-config, namespace: shop }
data: { MODE: live }
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: { name: secret-manager }
spec: {}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: shop, namespace: shop }
spec: { secretStoreRef: { kind: ClusterSecretStore, name: secret-manager }, target: { name: shop }, data: [{ secretKey: url, remoteRef: { key: shop-url } }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: shop }
spec:
  replicas: 1
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      serviceAccountName: shop
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: shop } } }]
      containers:
        - name: shop
          ports: [{ name: http, containerPort: 8080 }]
          envFrom: [{ configMapRef: { name: shop-config } }]
          env: [{ name: URL, valueFrom: { secretKeyRef: { name: shop, key: url } } }]
      volumes: [{ name: config, configMap: { name: shop-config, items: [{ key: MODE, path: mode }] } }]
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: shop }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: payments, namespace: gateway-system }
spec: { gatewayClassName: x, listeners: [{ name: https, hostname: '*.pay.airpay.example', port: 443, protocol: HTTPS, allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { team: shop } } } } }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop, namespace: shop }
spec: { parentRefs: [{ kind: Gateway, namespace: gateway-system, name: payments, sectionName: https }], hostnames: [shop.pay.airpay.example], rules: [{ backendRefs: [{ name: shop, port: 80 }] }] }
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: shop, namespace: shop }
spec: { scaleTargetRef: { kind: Deployment, name: shop }, minReplicaCount: 3, triggers: [{ type: prometheus, authenticationRef: { name: prometheus } }] }
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: { name: prometheus, namespace: shop }
spec: {}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: shop, namespace: shop }
spec: { minAvailable: 2, selector: { matchLabels: { app: shop } } }
---
apiVersion: monitoring.googleapis.com/v1
kind: PodMonitoring
metadata: { name: shop, namespace: shop }
spec: { selector: { matchLabels: { app: shop } }, endpoints: [{ port: http }] }
---
apiVersion: networking.gke.io/v1
kind: GCPBackendPolicy
metadata: { name: shop, namespace: shop }
spec: { targetRef: { kind: Service, name: shop }, default: {} }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shop, namespace: shop }
spec: { podSelector: { matchLabels: { app: shop } }, policyTypes: [Ingress] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store, namespace: shop }
spec:
  serviceName: store
  selector: { matchLabels: { app: store } }
  template: { metadata: { labels: { app: store } }, spec: { priorityClassName: system-cluster-critical, containers: [{ name: store, ports: [{ name: db, containerPort: 5432 }] }], volumes: [{ name: more, persistentVolumeClaim: { claimName: more } }] } }
  volumeClaimTemplates: [{ metadata: { name: data }, spec: { storageClassName: encrypted-rwo } }]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: encrypted-rwo }
provisioner: pd.csi.storage.gke.io
parameters: { disk-encryption-kms-key: projects/shop/locations/europe-west1/keyRings/shop/cryptoKeys/disks }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: more, namespace: shop }
spec: { storageClassName: encrypted-rwo }
---
apiVersion: v1
kind: Service
metadata: { name: store, namespace: shop }
spec: { clusterIP: None, selector: { app: store }, ports: [{ port: 5432, targetPort: db }] }
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: { name: inside }
spec: {}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: store, namespace: shop }
spec: { secretName: store-tls, issuerRef: { kind: ClusterIssuer, name: inside } }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: shop, namespace: shop }
subjects: [{ kind: ServiceAccount, name: shop }, { kind: Group, name: payments@airpay.example }]
roleRef: { kind: ClusterRole, name: view }
`;
type Get = (kind: string, name?: string) => Manifest;
const found = (change: (get: Get, all: Manifest[]) => void, elsewhere = new Set<string>()) => {
  const all = parseManifests(good);
  change((kind, name) => all.find(item => item.kind === kind && (!name || item.metadata.name === name))!, all);
  return problemsOf({ manifests: all, elsewhere });
};
const drop = (kind: string, name?: string) => (get: Get, all: Manifest[]) => void all.splice(all.indexOf(get(kind, name)), 1);

const cases: [string, (get: Get, all: Manifest[]) => void, string][] = [
  ['a namespace nobody makes', drop('Namespace', 'gateway-system'), 'Gateway gateway-system/payments: its namespace is made by nobody'],
  ['a service account that is not there', get => (get('ServiceAccount').metadata.name = 'shopp'), 'Deployment shop/shop: no ServiceAccount shop'],
  ['a ConfigMap of another name', get => (get('ConfigMap').metadata.name = 'shop-configuration'), 'Deployment shop/shop: no ConfigMap shop-config'],
  ['a key the ConfigMap lacks', get => (get('ConfigMap')['data'] = { MODUS: 'live' }), 'Deployment shop/shop: ConfigMap shop-config has no key MODE'],
  ['a secret nobody makes', drop('ExternalSecret'), 'Deployment shop/shop: no Secret shop'],
  ['a key the secret lacks', get => (get('ExternalSecret').spec.data[0].secretKey = 'uri'), 'Deployment shop/shop: Secret shop has no key url'],
  ['a store that is not there', get => (get('ClusterSecretStore').metadata.name = 'vault'), 'ExternalSecret shop/shop: no ClusterSecretStore secret-manager'],
  ['a Service that selects nothing', get => (get('Service').spec.selector = { app: 'shops' }), 'Service shop/shop: its selector finds no pod'],
  ['a targetPort by a name the pods lack', get => (get('Service').spec.ports[0].targetPort = 'web'), 'Service shop/shop: Deployment shop/shop has no port web'],
  ['a targetPort by a number the pods lack', get => (get('Service').spec.ports[0].targetPort = 8000), 'Service shop/shop: Deployment shop/shop has no port 8000'],
  ['a Gateway of another name', get => (get('Gateway').metadata.name = 'public'), 'HTTPRoute shop/shop: no Gateway gateway-system/payments'],
  ['a listener that is not there', get => (get('Gateway').spec.listeners[0].name = 'tls'), 'HTTPRoute shop/shop: Gateway gateway-system/payments has no listener https'],
  ['a namespace the Gateway does not take routes from', get => (get('Namespace', 'shop').metadata.labels = { team: 'other' }), 'HTTPRoute shop/shop: no listener of Gateway gateway-system/payments takes routes of this namespace'],
  ['a host no listener is for', get => (get('HTTPRoute').spec.hostnames = ['shop.airpay.example']), 'HTTPRoute shop/shop: no listener of Gateway gateway-system/payments is for shop.airpay.example'],
  ['a route to a port the Service lacks (8000 for 8080)', get => (get('HTTPRoute').spec.rules[0].backendRefs[0].port = 8000), 'HTTPRoute shop/shop: Service shop/shop has no port 8000'],
  ['a time limit in a route, which GKE refuses', get => (get('HTTPRoute').spec.rules[0].timeouts = { request: '15s' }), "HTTPRoute shop/shop: GKE's gateways refuse a route with timeouts"],
  ['a method in a route, which GKE refuses', get => (get('HTTPRoute').spec.rules[0].matches = [{ method: 'GET', path: { type: 'Exact', value: '/' } }]), "HTTPRoute shop/shop: GKE's gateways refuse a route that matches by method"],
  ['an autoscaler of nobody', get => (get('ScaledObject').spec.scaleTargetRef.name = 'api'), 'ScaledObject shop/shop: no Deployment api'],
  ['an autoscaler without the credentials it names', drop('TriggerAuthentication'), 'ScaledObject shop/shop: no TriggerAuthentication prometheus'],
  ['a backend policy of a Service that is not there', get => (get('GCPBackendPolicy').spec.targetRef.name = 'api'), 'GCPBackendPolicy shop/shop: no Service api'],
  ['a budget that wants all of the fewest replicas (3 of 3)', get => (get('PodDisruptionBudget').spec.minAvailable = 3), 'PodDisruptionBudget shop/shop: with 3 replicas no pod may go, and no node can be drained'],
  ['a budget in percent that rounds up to all', get => (get('PodDisruptionBudget').spec.minAvailable = '80%'), 'PodDisruptionBudget shop/shop: with 3 replicas no pod may go, and no node can be drained'],
  ['a budget over nothing', get => (get('PodDisruptionBudget').spec.selector.matchLabels.app = 'shops'), 'PodDisruptionBudget shop/shop: its selector finds no workload'],
  ['monitoring of a port the Service names and the pods lack', get => (get('PodMonitoring').spec.endpoints[0].port = 'metrics'), 'PodMonitoring shop/shop: Deployment shop/shop has no port metrics'],
  ['monitoring by labels nobody carries', get => (get('PodMonitoring').spec.selector.matchLabels.app = 'shops'), 'PodMonitoring shop/shop: its selector finds no pod'],
  ['a ServiceMonitor, which nothing reads', get => (get('PodMonitoring').kind = 'ServiceMonitor'), 'ServiceMonitor shop/shop: nothing here reads a ServiceMonitor; PodMonitoring is what managed Prometheus reads'],
  ['a Deployment that does not find its own pods', get => (get('Deployment').spec.selector.matchLabels.app = 'shops'), 'Deployment shop/shop: its selector does not find its own pods'],
  ['a spread over other pods', get => (get('Deployment').spec.template.spec.topologySpreadConstraints[0].labelSelector.matchLabels.app = 'store'), 'Deployment shop/shop: a spread or anti-affinity does not find its own pods'],
  ['two workloads under one selector', (get, all) => void all.push({ ...structuredClone(get('Deployment')), metadata: { name: 'canary', namespace: 'shop' } }), 'Deployment shop/shop: its selector finds the pods of Deployment shop/canary too'],
  ['a class of storage that nobody brings', get => (get('StatefulSet').spec.volumeClaimTemplates[0].spec.storageClassName = 'fast'), 'StatefulSet shop/store: no StorageClass fast'],
  ['a class that GKE brings, whose disks have no key of ours', get => (get('PersistentVolumeClaim').spec.storageClassName = 'premium-rwo'), 'PersistentVolumeClaim shop/more: no StorageClass premium-rwo'],
  ['a class of ours without a key, under a template', get => delete get('StorageClass')['parameters'], 'StatefulSet shop/store: StorageClass encrypted-rwo encrypts with no key of ours'],
  ['a class without a key, under a claim', get => delete get('StorageClass')['parameters']['disk-encryption-kms-key'], 'PersistentVolumeClaim shop/more: StorageClass encrypted-rwo encrypts with no key of ours'],
  ['a volume of whatever class', get => delete get('PersistentVolumeClaim').spec.storageClassName, 'PersistentVolumeClaim shop/more: a volume without storageClassName takes whatever is the default'],
  ['a claim that is not there', drop('PersistentVolumeClaim'), 'StatefulSet shop/store: no PersistentVolumeClaim more'],
  ['a priority that is not there', get => (get('StatefulSet').spec.template.spec.priorityClassName = 'high'), 'StatefulSet shop/store: no PriorityClass high'],
  ['a StatefulSet whose Service has another name', get => (get('StatefulSet').spec.serviceName = 'stores'), 'StatefulSet shop/store: no Service stores'],
  ['a certificate of an issuer that is not there', drop('ClusterIssuer'), 'Certificate shop/store: no ClusterIssuer inside'],
  ['a role given to an account that is not there', get => (get('RoleBinding')['subjects'][0].namespace = 'other'), 'RoleBinding shop/shop: no ServiceAccount other/shop'],
  ['a role that is not there', get => (get('RoleBinding')['roleRef'] = { kind: 'Role', name: 'viewer' }), 'RoleBinding shop/shop: no Role viewer'],
  ['a network policy that selects nobody', get => (get('NetworkPolicy').spec.podSelector.matchLabels.app = 'shops'), 'NetworkPolicy shop/shop: its selector finds no pod'],
];

describe('names inside a cluster', () => {
  it('finds nothing where every name is right', () => assert.deepEqual(problemsOf({ manifests: parseManifests(good), elsewhere: new Set() }), []));
  for (const [what, change, expected] of cases) {
    it(`sees ${what}`, () => {
      const problems = found(change);
      assert.ok(problems.includes(expected), problems.join('\n'));
    });
  }
  it('takes what is brought from elsewhere for there, by its full name only', () => {
    assert.deepEqual(found(drop('ExternalSecret'), new Set(['Secret shop/shop'])), []);
    assert.notDeepEqual(found(drop('ExternalSecret'), new Set(['Secret other/shop'])), []);
  });
});
