/**
 * Who may talk to whom by the manifests of one cluster: NetworkPolicy as Dataplane V2 enforces it, FQDNNetworkPolicy, and the mesh
 * (ambient: PeerAuthentication, AuthorizationPolicy at layer 4). Pure: objects in, an answer out. A field it does not know it refuses to
 * judge, since silence would read as "allowed".
 */
import { podTemplateOf, selects, type Labels, type Manifest } from './manifests.ts';

export interface Pod {
  kind: 'pod';
  namespace: string;
  labels: Labels;
  serviceAccount: string;
  /** Named ports. */
  ports: Record<string, number>;
}
/** An address outside the pods, or a name whose addresses are public. */
export type Endpoint = Pod | { kind: 'address'; address: string } | { kind: 'name'; name: string };

export interface Port {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  port: number;
}

export interface Cluster {
  manifests: Manifest[];
  /** Namespace -> its labels. */
  namespaces: ReadonlyMap<string, Labels>;
  /** An address of its pods: policies of the mesh see one where no identity is. */
  podAddress?: string;
  /** The range of its nodes. */
  nodes?: string;
}

const HBONE = 15008;
const KUBELET_IN_MESH = '169.254.7.127';
/** Any public address stands for all those of a name. */
const SOME_PUBLIC_ADDRESS = '8.8.8.8';

function only(object: Record<string, unknown> | undefined, known: string[], where: string): void {
  for (const key of Object.keys(object ?? {})) if (!known.includes(key)) throw new Error(`${where}.${key} is not known to this engine`);
}

function numberOf(address: string): number {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some(part => !Number.isInteger(part) || part < 0 || part > 255)) throw new Error(`${address} is not an IPv4 address`);
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function contains(cidr: string, address: string): boolean {
  const [network, length] = cidr.split('/');
  const bits = Number(length);
  if (length === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32) throw new Error(`${cidr} is not a range of IPv4 addresses`);
  const size = 2 ** (32 - bits);
  return Math.floor(numberOf(network!) / size) === Math.floor(numberOf(address) / size);
}

export function namespaceLabels(cluster: Cluster, name: string): Labels {
  return { 'kubernetes.io/metadata.name': name, ...cluster.namespaces.get(name) };
}

/** The cluster with the labels of its own Namespace objects. */
export function clusterOf(manifests: Manifest[], more: Record<string, Labels> = {}, podAddress?: string, nodes?: string): Cluster {
  const own = manifests.filter(item => item.kind === 'Namespace').map(item => [item.metadata.name, item.metadata.labels ?? {}] as const);
  return { manifests, namespaces: new Map([...Object.entries(more), ...own]), ...(podAddress ? { podAddress } : {}), ...(nodes ? { nodes } : {}) };
}

/** The pod a workload makes. */
export function podOf(item: Manifest): Pod {
  const template = podTemplateOf(item);
  if (!template) throw new Error(`${item.kind} ${item.metadata.name} makes no pods`);
  const ports: Record<string, number> = {};
  for (const container of template.spec.containers ?? []) for (const port of container.ports ?? []) if (port.name) ports[port.name] = port.containerPort;
  return { kind: 'pod', namespace: item.metadata.namespace ?? 'default', labels: template.metadata?.labels ?? {}, serviceAccount: template.spec.serviceAccountName ?? 'default', ports };
}

function peerFits(cluster: Cluster, policyNamespace: string, peer: any, other: Endpoint): boolean {
  only(peer, ['podSelector', 'namespaceSelector', 'ipBlock'], 'peer');
  if (peer.ipBlock) {
    only(peer.ipBlock, ['cidr', 'except'], 'ipBlock');
    // Dataplane V2 knows pods by their labels: a range of addresses never means a pod.
    if (other.kind === 'pod') return false;
    const address = other.kind === 'name' ? SOME_PUBLIC_ADDRESS : other.address;
    // Nor a node: Cilium knows the cluster's own nodes as such (reserved:host, reserved:remote-node), and no range is asked of them.
    if (cluster.nodes && contains(cluster.nodes, address)) return false;
    return contains(peer.ipBlock.cidr, address) && !(peer.ipBlock.except ?? []).some((cidr: string) => contains(cidr, address));
  }
  if (other.kind !== 'pod') return false;
  const inNamespace = peer.namespaceSelector ? selects(peer.namespaceSelector, namespaceLabels(cluster, other.namespace)) : other.namespace === policyNamespace;
  return inNamespace && (peer.podSelector === undefined || selects(peer.podSelector, other.labels));
}

function portFits(rule: any, { protocol, port }: Port, target: Endpoint): boolean {
  if (!rule.ports || rule.ports.length === 0) return true;
  return rule.ports.some((entry: any) => {
    only(entry, ['protocol', 'port', 'endPort'], 'ports');
    if ((entry.protocol ?? 'TCP') !== protocol) return false;
    if (entry.port === undefined) return true;
    if (typeof entry.port === 'string') return target.kind === 'pod' && target.ports[entry.port] === port;
    return port >= entry.port && port <= (entry.endPort ?? entry.port);
  });
}

function byNetworkPolicy(cluster: Cluster, pod: Pod, direction: 'Ingress' | 'Egress', other: Endpoint, port: Port): boolean {
  const policies = cluster.manifests.filter(item => item.kind === 'NetworkPolicy' && (item.metadata.namespace ?? 'default') === pod.namespace);
  const field = direction === 'Ingress' ? 'ingress' : 'egress';
  const target = direction === 'Ingress' ? pod : other;
  let selected = false;
  for (const { metadata, spec } of policies) {
    only(spec, ['podSelector', 'policyTypes', 'ingress', 'egress'], `NetworkPolicy ${metadata.name}`);
    const types: string[] = spec.policyTypes ?? (spec.egress ? ['Ingress', 'Egress'] : ['Ingress']);
    if (!types.includes(direction) || !selects(spec.podSelector ?? {}, pod.labels)) continue;
    selected = true;
    for (const rule of spec[field] ?? []) {
      only(rule, [direction === 'Ingress' ? 'from' : 'to', 'ports'], `NetworkPolicy ${metadata.name}.${field}`);
      const peers: any[] = rule[direction === 'Ingress' ? 'from' : 'to'] ?? [];
      const fits = peers.length === 0 || peers.some(peer => peerFits(cluster, pod.namespace, peer, other));
      if (fits && portFits(rule, port, target)) return true;
    }
  }
  if (direction === 'Egress') {
    // A policy by names closes the pod as well, and opens it to what it names.
    for (const { metadata, spec } of cluster.manifests.filter(item => item.kind === 'FQDNNetworkPolicy' && item.metadata.namespace === pod.namespace)) {
      if (!selects(spec.podSelector ?? {}, pod.labels)) continue;
      selected = true;
      only(spec, ['podSelector', 'egress'], `FQDNNetworkPolicy ${metadata.name}`);
      if (other.kind !== 'name') continue;
      for (const rule of spec.egress ?? []) {
        only(rule, ['matches', 'ports'], `FQDNNetworkPolicy ${metadata.name}.egress`);
        if (rule.matches.some((match: any) => nameFits(match, other.name)) && portFits(rule, port, other)) return true;
      }
    }
  }
  return !selected;
}

/** `*` stands for any characters but a dot. */
function nameFits(match: any, name: string): boolean {
  only(match, ['name', 'pattern'], 'matches');
  if (match.name !== undefined) return match.name === name;
  return new RegExp(`^${match.pattern.split('*').map((part: string) => part.replaceAll('.', '\\.')).join('[^.]*')}$`).test(name);
}

export function inMesh(cluster: Cluster, pod: Pod): boolean {
  const own = pod.labels['istio.io/dataplane-mode'];
  return (own ?? namespaceLabels(cluster, pod.namespace)['istio.io/dataplane-mode']) === 'ambient';
}

const meshRoot = 'istio-system';

function meshPolicies(cluster: Cluster, kind: string, pod: Pod): Manifest[] {
  return cluster.manifests.filter(item => {
    if (item.kind !== kind || ![meshRoot, pod.namespace].includes(item.metadata.namespace ?? '')) return false;
    return item.spec?.selector === undefined || (item.metadata.namespace === pod.namespace && selects(item.spec.selector, pod.labels));
  });
}

/** STRICT unless the nearest PeerAuthentication says otherwise; without any, plain text is taken. */
function takesPlainText(cluster: Cluster, pod: Pod, port: number): boolean {
  const policies = meshPolicies(cluster, 'PeerAuthentication', pod);
  const rank = (item: Manifest) => (item.spec?.selector ? 2 : item.metadata.namespace === meshRoot ? 0 : 1);
  const nearest = policies.sort((one, another) => rank(another) - rank(one));
  for (const { metadata, spec } of nearest) {
    only(spec, ['selector', 'mtls', 'portLevelMtls'], `PeerAuthentication ${metadata.name}`);
    const mode = spec?.portLevelMtls?.[port]?.mode ?? spec?.mtls?.mode ?? 'UNSET';
    if (mode !== 'UNSET') return mode !== 'STRICT';
  }
  return true;
}

const textFits = (pattern: string, text: string) =>
  pattern === '*' || (pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern.startsWith('*') ? text.endsWith(pattern.slice(1)) : pattern === text);

function sourceFits(cluster: Cluster, source: any, from: Endpoint, meshed: boolean): boolean {
  only(source, ['principals', 'namespaces', 'ipBlocks', 'notNamespaces', 'notPrincipals', 'serviceAccounts'], 'source');
  const identity = from.kind === 'pod' && meshed ? from : undefined;
  const principal = identity && `cluster.local/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
  if (source.principals && !(principal && source.principals.some((entry: string) => textFits(entry, principal)))) return false;
  if (source.notPrincipals && principal && source.notPrincipals.some((entry: string) => textFits(entry, principal))) return false;
  if (source.serviceAccounts && !(identity && source.serviceAccounts.includes(`${identity.namespace}/${identity.serviceAccount}`))) return false;
  if (source.namespaces && !(identity && source.namespaces.some((entry: string) => textFits(entry, identity.namespace)))) return false;
  if (source.notNamespaces && identity && source.notNamespaces.some((entry: string) => textFits(entry, identity.namespace))) return false;
  const address = from.kind === 'address' ? from.address : from.kind === 'pod' ? cluster.podAddress : undefined;
  if (source.ipBlocks && !(address && source.ipBlocks.some((cidr: string) => contains(cidr.includes('/') ? cidr : `${cidr}/32`, address)))) return false;
  return true;
}

function ruleFits(cluster: Cluster, rule: any, from: Endpoint, port: number, meshed: boolean): boolean {
  only(rule, ['from', 'to'], 'AuthorizationPolicy rule');
  const sources: any[] = rule.from ?? [];
  if (sources.length > 0 && !sources.some(({ source }) => sourceFits(cluster, source, from, meshed))) return false;
  const operations: any[] = rule.to ?? [];
  if (operations.length === 0) return true;
  return operations.some(({ operation }) => {
    only(operation, ['ports', 'notPorts'], 'AuthorizationPolicy operation');
    return (!operation.ports || operation.ports.includes(String(port))) && !(operation.notPorts ?? []).includes(String(port));
  });
}

function authorised(cluster: Cluster, to: Pod, from: Endpoint, port: number, meshed: boolean): boolean {
  const policies = meshPolicies(cluster, 'AuthorizationPolicy', to);
  const fits = ({ metadata, spec }: Manifest) => {
    only(spec, ['selector', 'action', 'rules'], `AuthorizationPolicy ${metadata.name}`);
    return (spec?.rules ?? []).some((rule: any) => ruleFits(cluster, rule, from, port, meshed));
  };
  const action = (item: Manifest) => item.spec?.action ?? 'ALLOW';
  for (const item of policies) if (!['ALLOW', 'DENY'].includes(action(item))) throw new Error(`AuthorizationPolicy ${item.metadata.name}: action ${action(item)} is not known`);
  if (policies.some(item => action(item) === 'DENY' && fits(item))) return false;
  const allowing = policies.filter(item => action(item) === 'ALLOW');
  return allowing.length === 0 || allowing.some(fits);
}

export interface Verdict {
  allowed: boolean;
  /** What decided, in words. */
  by: string;
}

/** May `from` open a connection to `to`? */
export function judge(cluster: Cluster, from: Endpoint, to: Endpoint, port: Port): Verdict {
  const bothInMesh = from.kind === 'pod' && to.kind === 'pod' && port.protocol === 'TCP' && inMesh(cluster, from) && inMesh(cluster, to);
  // What the network sees between two pods of the mesh is its tunnel, whatever port is meant.
  const seen: Port = bothInMesh ? { protocol: 'TCP', port: HBONE } : port;
  const way = bothInMesh ? 'the tunnel of the mesh (15008)' : `${port.protocol} ${port.port}`;
  if (from.kind === 'pod' && !byNetworkPolicy(cluster, from, 'Egress', to, seen)) return { allowed: false, by: `egress of the caller: ${way}` };
  if (to.kind === 'pod' && !byNetworkPolicy(cluster, to, 'Ingress', from, seen)) return { allowed: false, by: `ingress of the called: ${way}` };
  if (to.kind === 'pod' && inMesh(cluster, to) && port.protocol === 'TCP') {
    // The CNI of the mesh lets the kubelet's probes past ztunnel.
    const probe = from.kind === 'address' && from.address === KUBELET_IN_MESH;
    if (!bothInMesh && !probe && !takesPlainText(cluster, to, port.port)) return { allowed: false, by: 'plain text, and the mesh is STRICT' };
    if (!probe && !authorised(cluster, to, from, port.port, bothInMesh)) return { allowed: false, by: 'no AuthorizationPolicy allows it' };
  }
  return { allowed: true, by: 'policies' };
}
