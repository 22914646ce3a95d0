/** Names of the estate as Ansible, Terraform and the portal's configuration say them. Pure: texts and parsed values in, problems out. */
import { contains } from './network-engine.ts';
import type { Pool } from './estate-names.ts';

/** Variable of Ansible -> port of the estate. Those of roles stand for a machine that nobody configured otherwise. */
export const ansiblePorts: Record<string, string> = {
  database_port: 'postgres', database_read_write_port: 'readWrite', database_replication_port: 'replication', database_read_only_port: 'readOnly',
  database_patroni_port: 'patroni', database_health_port: 'haproxyHealth', database_etcd_client_port: 'etcdClient', database_etcd_peer_port: 'etcdPeer',
  database_redis_port: 'redis', database_exporter_port: 'nodeExporter',
  haproxy_read_write_port: 'readWrite', haproxy_replication_port: 'replication', haproxy_read_only_port: 'readOnly', haproxy_stats_port: 'haproxyHealth',
  redis_port: 'redis',
};

export function portProblems(where: string, variables: Record<string, unknown>, ports: Record<string, number>): string[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    const port = ansiblePorts[name];
    // An expression takes its value from another variable, which is looked at where it stands.
    if (port === undefined || typeof value === 'string') return [];
    return value === ports[port] ? [] : [`${where}: ${name} is ${value}, the estate's ${port} is ${ports[port]}`];
  });
}

/** Ranges in a text that are no range of the estate and no well-known one. */
export function rangeProblems(where: string, text: string, estate: any): string[] {
  const known = new Set<string>(Object.values<any>(estate.sites).flatMap(site => Object.values<string>(site.cidrs)));
  const common = ['127.0.0.0/8', '127.0.0.1/32', '0.0.0.0/0', '35.191.0.0/16', '130.211.0.0/22', '35.235.240.0/20', '169.254.169.254/32'];
  const found = [...text.matchAll(/(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2})(?!\d)/g)].map(match => match[1]!);
  return [...new Set(found)].filter(cidr => !known.has(cidr) && !common.includes(cidr)).map(cidr => {
    const near = Object.entries<any>(estate.sites).find(([, site]) => contains(site.cidrs.site, cidr.split('/')[0]!));
    return `${where}: ${cidr} is no range of the estate${near ? ` (site ${near[0]})` : ''}`;
  });
}

/** Node pools of a parsed folder of Terraform. */
export function poolsOf(resources: readonly { type: string; name: string; body: any }[]): Pool[] {
  const list = (value: any): any[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
  return resources.filter(one => one.type === 'google_container_node_pool').map(({ body }) => ({
    name: body.name,
    taints: list(body.node_config).flatMap(config => list(config.taint)).map(({ key, value, effect }: any) => ({ key, value, effect })),
  }));
}

/** What a Gateway names of what Terraform makes for it (module gateway: certificate map and TLS policy by its name, the address as gateway-<name>). */
export function gatewayProblems(cluster: string, site: { role: string; region: string }, manifests: readonly any[]): string[] {
  const name = site.role === 'hub' ? 'hub' : `payments-${site.region}`;
  const problems: string[] = [];
  for (const item of manifests) {
    if (item.kind === 'Gateway') {
      const map = item.metadata.annotations?.['networking.gke.io/certmap'];
      if (map !== name) problems.push(`${cluster}: Gateway ${item.metadata.name}: certificate map ${map}, Terraform makes ${name}`);
      for (const { type, value } of item.spec.addresses ?? []) {
        if (type !== 'NamedAddress' || value !== `gateway-${name}`) problems.push(`${cluster}: Gateway ${item.metadata.name}: address ${value}, Terraform makes gateway-${name}`);
      }
    }
    const policy = item.kind === 'GCPGatewayPolicy' ? item.spec.default?.sslPolicy : undefined;
    if (item.kind === 'GCPGatewayPolicy' && policy !== name) problems.push(`${cluster}: GCPGatewayPolicy ${item.metadata.name}: TLS policy ${policy}, Terraform makes ${name}`);
  }
  return problems;
}

/** Every public Service stands behind a policy of Cloud Armor that Terraform makes. */
export function armorProblems(cluster: string, manifests: readonly any[], policies: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const guarded = new Set<string>();
  for (const item of manifests.filter(one => one.kind === 'GCPBackendPolicy')) {
    const policy = item.spec.default?.securityPolicy;
    if (policy === undefined) continue;
    if (!policies.has(policy)) problems.push(`${cluster}: GCPBackendPolicy ${item.metadata.namespace}/${item.metadata.name}: Terraform makes no policy ${policy}`);
    else guarded.add(`${item.metadata.namespace}/${item.spec.targetRef.name}`);
  }
  for (const item of manifests.filter(one => one.kind === 'HTTPRoute')) {
    for (const { name, namespace } of (item.spec.rules ?? []).flatMap((rule: any) => rule.backendRefs ?? [])) {
      const service = `${namespace ?? item.metadata.namespace}/${name}`;
      if (!guarded.has(service)) problems.push(`${cluster}: Service ${service} is public and no GCPBackendPolicy names its security policy`);
    }
  }
  return problems;
}
