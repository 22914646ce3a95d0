/**
 * The resolved configuration of one installation of the local platform. `platform.yaml` holds ports
 * and sizes, the state folder holds the secrets made at first start; both end in
 * `<stateDir>/run/platform.json` (mode 0600), which every program of the platform reads.
 */
import { randomBytes } from 'node:crypto';

/** One Patroni member and the PostgreSQL it keeps. */
export interface MemberConfig {
  name: string;
  postgresPort: number;
  restPort: number;
}

export interface RegionConfig {
  id: string;
  title: string;
  /** Role at the very first start; afterwards only Patroni knows. */
  startsAs: 'primary' | 'standby';
  /** GCP location of the region's cluster, e.g. europe-west1. */
  location: string;
  /** GKE cluster name. */
  cluster: string;
  /** CNAME target of the payers' name when traffic goes here; ends with a dot. */
  trafficTarget: string;
  members: MemberConfig[];
  etcd: { name: string; clientPort: number; peerPort: number };
  haproxy: { name: string; readWritePort: number; replicationPort: number; readOnlyPort: number; statsPort: number };
  /** Where the OTHER region reaches this region's leader, through the link. */
  linkPort: number;
  redis: { name: string; port: number };
  kubernetesPort: number;
  /** One ledger process per port at most. */
  ledgerPorts: number[];
  /** Nodes in the node pool before anybody resized it. */
  nodePoolNodes: number;
  /** Replicas of the ledger Deployment before anybody scaled it. */
  ledgerReplicas: number;
}

export interface Ports {
  portal: number;
  hubPostgres: number;
  /** Supervisor control API. */
  control: number;
  gitHost: number;
  /** GKE API (gRPC). */
  gke: number;
  /** Traffic front: the payers' address. */
  front: number;
  /** Cloud DNS API and the front's admin. */
  dns: number;
  payer: number;
  backup: number;
  linkControl: number;
  prometheus: number;
  alertmanager: number;
}

export interface Sizes {
  linkLatencyMs: number;
  paymentsPerSecond: number;
  podsPerNode: number;
  sharedBuffersMb: number;
  walKeepMb: number;
  historyDays: number;
  diffBackupEveryHours: number;
}

/** Made once per installation from the system's random source; never written anywhere else. */
export interface Secrets {
  /** Bearer token of the supervisor's control API and of the programs' own admin routes. */
  controlToken: string;
  /** Superuser of every PostgreSQL here. */
  postgresPassword: string;
  replicationPassword: string;
  rewindPassword: string;
  /** Basic auth of Patroni's REST API, user `patroni`. */
  patroniPassword: string;
  ledgerMigratorPassword: string;
  ledgerAppPassword: string;
  ledgerReadonlyPassword: string;
  recoveryPassword: string;
  /** Role `airpay_portal` on the hub PostgreSQL. */
  portalDatabasePassword: string;
  /** Bearer key of the payers at the ledger. */
  ledgerApiKey: string;
  /** Bearer key of the portal at the ledger (verification payments). */
  portalLedgerApiKey: string;
  /** 32 bytes in base64: what the ledger seals the secrets of webhook endpoints with. */
  ledgerWebhookKey: string;
  /** What the regions' backups are encrypted with. */
  backupCipherPass: string;
  gitUsername: string;
  gitPassword: string;
  /** Bearer token at the Cloud DNS stand-in. */
  dnsToken: string;
  /** Bearer token at the Kubernetes stand-in; the GKE one asks for none and listens on 127.0.0.1 only. */
  kubernetesToken: string;
}

export interface PlatformConfig {
  /** Repository root, absolute. */
  root: string;
  /** Absolute; data, logs and run files of this installation. */
  stateDir: string;
  /** Absolute path of the file this was read from. */
  file: string;
  portOffset: number;
  ports: Ports;
  regions: RegionConfig[];
  sizes: Sizes;
  secrets: Secrets;
}

/** The part of the configuration that platform.yaml gives. */
export type PlatformSettings = Pick<PlatformConfig, 'ports' | 'regions' | 'sizes'>;

/** Ports from here on are handed out by Linux for outgoing connections. */
export const EPHEMERAL_PORT_FIRST = 32768;

const secretNames = [
  'controlToken', 'postgresPassword', 'replicationPassword', 'rewindPassword', 'patroniPassword', 'ledgerMigratorPassword',
  'ledgerAppPassword', 'ledgerReadonlyPassword', 'recoveryPassword', 'portalDatabasePassword', 'ledgerApiKey',
  'portalLedgerApiKey', 'backupCipherPass', 'gitPassword', 'dnsToken', 'kubernetesToken',
] as const satisfies readonly (keyof Secrets)[];

/** Keeps what an installation has and makes what it lacks: 24 random bytes each, hexadecimal, where nothing else is said. */
export function completeSecrets(existing: Partial<Secrets> = {}): Secrets {
  const fresh = Object.fromEntries(secretNames.map(name => [name, randomBytes(24).toString('hex')]));
  return { gitUsername: 'airpay-portal', ledgerWebhookKey: randomBytes(32).toString('base64'), ...fresh, ...existing } as Secrets;
}

/** A port and the name of the process that listens on it. */
export interface PortUse {
  port: number;
  owner: string;
  /** Which of the owner's ports, in words. */
  what: string;
}

/** Every port of the platform with its owner. */
export function portTable({ ports, regions }: PlatformSettings): PortUse[] {
  const own: PortUse[] = [
    { port: ports.portal, owner: 'portal', what: 'HTTP' },
    { port: ports.hubPostgres, owner: 'hub-postgres', what: 'SQL' },
    { port: ports.control, owner: 'supervisor', what: 'control API' },
    { port: ports.gitHost, owner: 'git-host', what: 'HTTP' },
    { port: ports.gke, owner: 'cluster-api', what: 'GKE API' },
    { port: ports.front, owner: 'front', what: 'payers' },
    { port: ports.dns, owner: 'front', what: 'Cloud DNS API' },
    { port: ports.payer, owner: 'payer', what: 'HTTP' },
    { port: ports.backup, owner: 'backup', what: 'HTTP' },
    { port: ports.linkControl, owner: 'link', what: 'control' },
    { port: ports.prometheus, owner: 'prometheus', what: 'HTTP' },
    { port: ports.alertmanager, owner: 'alertmanager', what: 'HTTP' },
  ];
  return [...own, ...regions.flatMap(regionPorts)];
}

function regionPorts(region: RegionConfig): PortUse[] {
  return [
    ...region.members.flatMap(member => [
      { port: member.postgresPort, owner: member.name, what: 'SQL' },
      { port: member.restPort, owner: member.name, what: 'Patroni REST' },
    ]),
    { port: region.etcd.clientPort, owner: region.etcd.name, what: 'clients' },
    { port: region.etcd.peerPort, owner: region.etcd.name, what: 'peers' },
    { port: region.haproxy.readWritePort, owner: region.haproxy.name, what: 'read-write' },
    { port: region.haproxy.replicationPort, owner: region.haproxy.name, what: 'replication' },
    { port: region.haproxy.readOnlyPort, owner: region.haproxy.name, what: 'read-only' },
    { port: region.haproxy.statsPort, owner: region.haproxy.name, what: 'statistics' },
    { port: region.linkPort, owner: 'link', what: `to ${region.id}` },
    { port: region.redis.port, owner: region.redis.name, what: 'Redis' },
    { port: region.kubernetesPort, owner: 'cluster-api', what: `Kubernetes API of ${region.id}` },
    ...region.ledgerPorts.map((port, index) => ({ port, owner: ledgerName(region, index), what: 'HTTP' })),
  ];
}

/** Process name of a region's ledger slot, e.g. ledger-a-1. */
export function ledgerName(region: Pick<RegionConfig, 'id'>, index: number): string {
  return `ledger-${region.id.replace(/^region-/, '')}-${index + 1}`;
}

/** Adds `offset` to every port. */
export function shiftPorts<T extends PlatformSettings>(settings: T, offset: number): T {
  const move = (value: unknown, key: string): unknown => {
    if (typeof value === 'number' && (key.endsWith('Port') || key === 'port')) return value + offset;
    if (key === 'ledgerPorts') return (value as number[]).map(port => port + offset);
    if (Array.isArray(value)) return value.map(one => move(one, ''));
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, move(one, name)]));
    return value;
  };
  const ports = Object.fromEntries(Object.entries(settings.ports).map(([name, port]) => [name, port + offset]));
  return { ...settings, ports, regions: settings.regions.map(region => move(region, '')) } as T;
}

/** What is wrong with the settings, one sentence each; empty when they can be used. */
export function checkSettings(settings: PlatformSettings): string[] {
  const problems: string[] = [];
  const seen = new Map<number, string>();
  for (const { port, owner, what } of portTable(settings)) {
    const name = `${owner} (${what})`;
    if (!Number.isInteger(port) || port < 1024 || port >= EPHEMERAL_PORT_FIRST) {
      problems.push(`Port ${port} of ${name} must be a whole number from 1024 to ${EPHEMERAL_PORT_FIRST - 1}.`);
    }
    const other = seen.get(port);
    if (other) problems.push(`Port ${port} is given to both ${other} and ${name}.`);
    seen.set(port, name);
  }
  for (const [name, value] of Object.entries(settings.sizes)) {
    if (typeof value !== 'number' || !(value >= 0)) problems.push(`Size ${name} must be a number of at least 0, not ${String(value)}.`);
  }
  if (settings.regions.filter(region => region.startsAs === 'primary').length !== 1) problems.push('Exactly one region must have startsAs: primary.');
  return problems;
}

/** Parses AIRPAY_PORT_OFFSET. @throws Error when it is no whole number */
export function parsePortOffset(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^-?\d{1,5}$/.test(text)) throw new Error(`AIRPAY_PORT_OFFSET must be a whole number, not "${text}".`);
  return Number(text);
}

/** The other one of the two regions. */
export function otherRegion(config: Pick<PlatformConfig, 'regions'>, id: string): RegionConfig {
  const other = config.regions.find(region => region.id !== id);
  if (!other) throw new Error(`There is no region beside ${id}.`);
  return other;
}
