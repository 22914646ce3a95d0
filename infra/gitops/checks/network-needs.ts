/** What each workload needs of the network, read from its own manifests. Pure. */
import { parse } from 'yaml';
import { containersOf, podTemplateOf, selects, type Manifest } from './manifests.ts';
import { inMesh, podOf, type Cluster } from './network-engine.ts';

/** What the matrix says of things outside the manifests. */
export interface Described {
  endpoints: Record<string, any>;
  absent?: Record<string, string>;
}

/** Ports that a workload's probes ask. */
export function probePorts(item: Manifest): Map<string, number> {
  const found = new Map<string, number>();
  for (const container of containersOf(item)) {
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const port = container[probe]?.httpGet?.port ?? container[probe]?.tcpSocket?.port ?? container[probe]?.grpc?.port;
      if (port !== undefined) found.set(probe, typeof port === 'number' ? port : podOf(item).ports[port]!);
    }
  }
  return found;
}

export interface Need {
  from: string;
  to: string;
  port: string;
  why: string;
}

/** What the value of a secret of this name is an address of. */
const secretTargets: [RegExp, string, string][] = [
  [/-migration-database-url$/, 'own-database', 'TCP/replication'],
  [/^payments-.*-database-url$/, 'own-database', 'TCP/readWrite'],
  [/^payments-.*-redis-url$/, 'own-database', 'TCP/redis'],
];

/** Where the front ends of Google's load balancers and their health checks come from, by class of the Gateway. */
const gatewayNeeds: Record<string, string[]> = {
  'gke-l7-global-external-managed': ['load-balancer', 'load-balancer-old-range'],
  'gke-l7-regional-external-managed': ['load-balancer', 'load-balancer-old-range', 'own-proxies'],
  'gke-l7-rilb': ['load-balancer', 'load-balancer-old-range', 'own-proxies'],
};

/** Addresses in files that are baked into an image, by the workload that runs it. */
export type MoreTexts = Readonly<Record<string, string>>;

function servicePods(manifests: Manifest[], namespace: string, service: string): { names: string[]; service?: Manifest } {
  const found = manifests.find(item => item.kind === 'Service' && item.metadata.name === service && item.metadata.namespace === namespace);
  if (!found) return { names: [`${namespace}/${service}`] };
  const pods = manifests.filter(item => podTemplateOf(item) && item.metadata.namespace === namespace && selects({ matchLabels: found.spec.selector }, podOf(item).labels));
  return { names: [...new Set(pods.map(item => `${namespace}/${item.metadata.name}`))], service: found };
}

/** The number behind a port of a Service; the port itself when the Service is not among the manifests. */
function targetPort(manifests: Manifest[], names: string[], service: Manifest | undefined, port: number | string): number {
  const entry = service?.spec.ports.find((one: any) => one.port === Number(port) || one.name === port);
  const target = entry?.targetPort ?? entry?.port ?? port;
  if (typeof target === 'number' || /^\d+$/.test(target)) return Number(target);
  const pod = manifests.find(item => podTemplateOf(item) && names.includes(`${item.metadata.namespace}/${item.metadata.name}`));
  return pod ? (podOf(pod).ports[target] ?? Number.NaN) : Number.NaN;
}

/** Services that a text has the address of: with a port, by the scheme's port, or as an SRV record of a named port. */
function addressesIn(text: string): { service: string; namespace: string; port: number | string }[] {
  const pattern = /(?:(https?):\/\/|_([a-z0-9-]+)\._tcp\.)?(?:[a-z0-9$()A-Z_-]+\.)?(?<![a-z0-9-])([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?\.?(?::(\d+))?/g;
  return [...text.matchAll(pattern)].flatMap(([, scheme, record, service, namespace, port]) => {
    const meantPort = port ? Number(port) : record ?? (scheme === 'https' ? 443 : scheme === 'http' ? 80 : undefined);
    // A bare name, as a certificate has it, is no address to go to.
    return meantPort === undefined ? [] : [{ service: service!, namespace: namespace!, port: meantPort }];
  });
}

/** What each workload must reach or be reached by, read from its own manifests. */
export function needsOf(cluster: Cluster, estate: any, more: MoreTexts = {}, described?: Described): Need[] {
  const { manifests } = cluster;
  const needs: Need[] = [];
  const workloads = manifests.filter(item => podTemplateOf(item));
  for (const item of workloads) {
    const from = `${item.metadata.namespace}/${item.metadata.name}`;
    for (const to of ['kube-dns', 'node-local-dns']) for (const protocol of ['UDP', 'TCP']) needs.push({ from, to, port: `${protocol}/53`, why: 'names' });
    const secrets = new Set<string>();
    const texts: string[] = more[from] ? [more[from]] : [];
    for (const container of containersOf(item)) {
      for (const entry of container.env ?? []) {
        if (entry.value) texts.push(String(entry.value));
        if (entry.valueFrom?.secretKeyRef) secrets.add(`${entry.valueFrom.secretKeyRef.name}#${entry.valueFrom.secretKeyRef.key}`);
      }
      texts.push(...(container.args ?? []).map(String));
      for (const source of container.envFrom ?? []) {
        const map = manifests.find(one => one.kind === 'ConfigMap' && one.metadata.name === source.configMapRef?.name && one.metadata.namespace === item.metadata.namespace);
        texts.push(...Object.values<string>(map?.['data'] ?? {}));
      }
    }
    for (const volume of podTemplateOf(item)!.spec.volumes ?? []) {
      for (const { secretName, name = secretName, items = [] } of [volume.secret, ...(volume.projected?.sources ?? []).map((one: any) => one.secret)].filter(Boolean)) {
        for (const { key } of items) secrets.add(`${name}#${key}`);
      }
      const map = manifests.find(one => one.kind === 'ConfigMap' && one.metadata.name === volume.configMap?.name && one.metadata.namespace === item.metadata.namespace);
      texts.push(...Object.values<string>(map?.['data'] ?? {}));
    }
    for (const { service, namespace, port } of texts.flatMap(addressesIn)) {
      const target = servicePods(manifests, namespace, service);
      if (!target.service && described?.absent?.[`${namespace}/${service}`]) continue;
      const missing = target.service && !target.service.spec.ports.some((one: any) => one.port === port || one.name === port);
      if (missing) needs.push({ from, to: `port ${port} of Service ${namespace}/${service}`, port: 'TCP/0', why: 'an address' });
      for (const to of missing ? [] : target.names) needs.push({ from, to, port: `TCP/${targetPort(manifests, target.names, target.service, port)}`, why: `address ${service}.${namespace}:${port}` });
    }
    for (const external of manifests.filter(one => one.kind === 'ExternalSecret' && one.metadata.namespace === item.metadata.namespace)) {
      for (const { secretKey, remoteRef } of external.spec.data ?? []) {
        const target = external.spec.target?.name ?? external.metadata.name;
        if (!secrets.has(`${target}#${secretKey}`)) continue;
        const key = baseSecret(remoteRef.key, estate);
        const meant = secretTargets.find(([pattern]) => pattern.test(key));
        if (meant) needs.push({ from, to: meant[1], port: meant[2], why: `secret ${key}` });
      }
    }
    if (inMesh(cluster, podOf(item))) for (const [probe, port] of probePorts(item)) needs.push({ from: 'kubelet-in-mesh', to: from, port: `TCP/${port}`, why: probe });
  }
  for (const monitoring of manifests.filter(item => item.kind === 'PodMonitoring')) {
    for (const item of workloads.filter(one => one.metadata.namespace === monitoring.metadata.namespace && selects(monitoring.spec.selector, podOf(one).labels))) {
      for (const { port } of monitoring.spec.endpoints) {
        needs.push({ from: 'metrics-collector', to: `${item.metadata.namespace}/${item.metadata.name}`, port: `TCP/${typeof port === 'number' ? port : podOf(item).ports[port]}`, why: 'metrics' });
      }
    }
  }
  for (const { workload, port } of scraped(manifests)) {
    needs.push({ from: 'observability/otel-scraper', to: `${workload.metadata.namespace}/${workload.metadata.name}`, port: `TCP/${port}`, why: 'metrics for Thanos' });
  }
  for (const route of manifests.filter(item => item.kind === 'HTTPRoute')) {
    const gateways = (route.spec.parentRefs ?? []).map((parent: any) => manifests.find(item => item.kind === 'Gateway' && item.metadata.name === parent.name && item.metadata.namespace === (parent.namespace ?? route.metadata.namespace)));
    for (const gateway of gateways.filter(Boolean)) {
      const sources = gatewayNeeds[gateway.spec.gatewayClassName];
      if (!sources) throw new Error(`Gateway ${gateway.metadata.name}: nothing is known of the class ${gateway.spec.gatewayClassName}`);
      for (const { name, port } of (route.spec.rules ?? []).flatMap((rule: any) => rule.backendRefs ?? [])) {
        const target = servicePods(manifests, route.metadata.namespace!, name);
        // A Service of a chart is not among the manifests; the matrix says which port is behind it.
        const behind = (to: string) => (target.service ? targetPort(manifests, target.names, target.service, port) : (described?.endpoints[to]?.service?.[port] ?? port));
        for (const to of target.names) for (const from of sources) needs.push({ from, to, port: `TCP/${behind(to)}`, why: `route ${route.metadata.name}` });
      }
    }
  }
  return needs;
}

/** Pods the collector reads, by its own rule of which to keep. */
export function scraped(manifests: Manifest[]): { workload: Manifest; port: number }[] {
  const config = manifests.filter(item => item.kind === 'ConfigMap' && item.metadata.namespace === 'observability').map(item => item['data']?.['scraper.yaml']).find(Boolean);
  if (!config) return [];
  const job = parse(config).receivers.prometheus.config.scrape_configs.find((one: any) => one.job_name === 'pods');
  const keep = job.relabel_configs.find((one: any) => one.action === 'keep' && one.source_labels.length === 3);
  const order = ['__meta_kubernetes_namespace', '__meta_kubernetes_pod_label_system', '__meta_kubernetes_pod_container_port_name'];
  if (keep?.source_labels.join() !== order.join()) throw new Error(`scraper.yaml keeps pods by ${keep?.source_labels}; this reads ${order}`);
  const pattern = new RegExp(`^(?:${keep.regex})$`);
  return manifests.filter(item => podTemplateOf(item)).flatMap(workload => {
    const { namespace, labels, ports } = podOf(workload);
    return Object.entries(ports).filter(([name]) => pattern.test(`${namespace};${labels['system'] ?? ''};${name}`)).map(([, port]) => ({ workload, port }));
  });
}

/** Workloads whose service account stands for a Google account. */
export function accountHolders({ manifests }: Cluster): string[] {
  const accounts = new Set(manifests.filter(item => item.kind === 'ServiceAccount' && item.metadata.annotations?.['iam.gke.io/gcp-service-account']).map(item => `${item.metadata.namespace}/${item.metadata.name}`));
  return manifests.filter(item => podTemplateOf(item) && accounts.has(`${item.metadata.namespace}/${podOf(item).serviceAccount}`)).map(item => `${item.metadata.namespace}/${item.metadata.name}`);
}

/** The name of a secret in the estate: its id without the region. */
export function baseSecret(id: string, estate: any): string {
  return Object.keys(estate.secrets).find(name => id === name || [...new Set(Object.values<any>(estate.sites).map(site => site.region))].some(region => id === `${name}-${region}`)) ?? id;
}
