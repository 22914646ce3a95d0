/** The configuration `airpay.recovery`, typed and checked once at start. */
import { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';

export interface GkeSettings {
  project: string;
  location: string;
  cluster: string;
  nodePool: string;
  /** `host:port` of an endpoint without TLS; only set where the real service is not used. */
  apiEndpoint?: string;
  activeNodes: number;
  standbyNodes: number;
}

export interface KubernetesSettings {
  url: string;
  /** Static bearer token; without it Google credentials are used. */
  token?: string;
  namespace: string;
  deployment: string;
}

export interface PatroniSettings {
  members: string[];
  username: string;
  password: string;
}

export interface TrafficSettings {
  project: string;
  managedZone: string;
  record: string;
  apiEndpoint: string;
  token?: string;
}

export interface RegionSettings {
  id: string;
  title: string;
  trafficTarget: string;
  patroni: PatroniSettings;
  replication: { host: string; port: number; slot: string };
  databaseUrls: string[];
  gke: GkeSettings;
  kubernetes: KubernetesSettings;
}

export interface SystemSettings {
  name: string;
  title: string;
  entityRef: string;
  rtoSeconds: number;
  rpoSeconds: number;
  ledger: { baseUrl: string; apiKey: string };
  payerLog: { baseUrl: string };
  traffic: TrafficSettings;
  /** Exactly two. */
  regions: [RegionSettings, RegionSettings];
}

/** The public Cloud DNS endpoint, used unless the configuration names another. */
export const defaultDnsEndpoint = 'https://dns.googleapis.com';

const trimSlash = (url: string) => url.replace(/\/+$/, '');

function stringList(config: Config, key: string): string[] {
  const list = config.getStringArray(key);
  if (list.length === 0) throw new InputError(`Configuration ${key} must not be empty`);
  return list;
}

function readRegion(config: Config): RegionSettings {
  const gke = config.getConfig('gke');
  const kubernetes = config.getConfig('kubernetes');
  return {
    id: config.getString('id'),
    title: config.getString('title'),
    trafficTarget: config.getString('trafficTarget'),
    patroni: {
      members: stringList(config, 'patroni.members').map(trimSlash),
      username: config.getString('patroni.username'),
      password: config.getString('patroni.password'),
    },
    replication: {
      host: config.getString('replication.host'),
      port: config.getNumber('replication.port'),
      slot: config.getString('replication.slot'),
    },
    databaseUrls: stringList(config, 'databaseUrls'),
    gke: {
      project: gke.getString('project'),
      location: gke.getString('location'),
      cluster: gke.getString('cluster'),
      nodePool: gke.getString('nodePool'),
      apiEndpoint: gke.getOptionalString('apiEndpoint'),
      activeNodes: gke.getNumber('activeNodes'),
      standbyNodes: gke.getNumber('standbyNodes'),
    },
    kubernetes: {
      url: trimSlash(kubernetes.getString('url')),
      token: kubernetes.getOptionalString('token'),
      namespace: kubernetes.getString('namespace'),
      deployment: kubernetes.getString('deployment'),
    },
  };
}

function readSystem(config: Config): SystemSettings {
  const name = config.getString('name');
  const regions = config.getConfigArray('regions').map(readRegion);
  const [first, second] = regions;
  if (regions.length !== 2 || first.id === second.id) {
    throw new InputError(`airpay.recovery system ${name} needs exactly two regions with different ids`);
  }
  return {
    name,
    title: config.getString('title'),
    entityRef: config.getString('entityRef'),
    rtoSeconds: config.getNumber('rtoSeconds'),
    rpoSeconds: config.getNumber('rpoSeconds'),
    ledger: { baseUrl: trimSlash(config.getString('ledger.baseUrl')), apiKey: config.getString('ledger.apiKey') },
    payerLog: { baseUrl: trimSlash(config.getString('payerLog.baseUrl')) },
    traffic: {
      project: config.getString('traffic.project'),
      managedZone: config.getString('traffic.managedZone'),
      record: config.getString('traffic.record'),
      apiEndpoint: trimSlash(config.getOptionalString('traffic.apiEndpoint') ?? defaultDnsEndpoint),
      token: config.getOptionalString('traffic.token'),
    },
    regions: [first, second],
  };
}

/**
 * Reads every system that can be recovered.
 * @throws InputError when a system has not exactly two regions or a name occurs twice; Backstage's own error for a missing key
 */
export function readSettings(config: Config): SystemSettings[] {
  const systems = (config.getOptionalConfigArray('airpay.recovery.systems') ?? []).map(readSystem);
  const names = new Set(systems.map(system => system.name));
  if (names.size !== systems.length) throw new InputError('airpay.recovery.systems names must differ');
  return systems;
}
