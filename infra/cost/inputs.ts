/** Reads what the sheet is made of, from the working tree or from a commit. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse } from 'yaml';

export const root = join(import.meta.dirname, '../..');

/** Text of a file of the repository; undefined when it does not exist there. */
export type Read = (path: string) => string | undefined;

export const workingTree: Read = path => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined);

/** The files as a commit has them. @throws Error when there is no such commit */
export function atCommit(ref: string): Read {
  if (!/^[\w./~^-]+$/.test(ref) || ref.startsWith('-')) throw new Error(`"${ref}" is no name of a commit`);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', timeout: 20_000, maxBuffer: 1 << 24, stdio: ['ignore', 'pipe', 'pipe'] });
  const commit = git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`).trim();
  return path => (git('ls-tree', '--name-only', commit, '--', path).trim() === '' ? undefined : git('show', `${commit}:${path}`));
}

export interface Site {
  project: string;
  environment: string;
  region: string;
  location: string;
  zones: string[];
  role: 'hub' | 'primary' | 'standby';
}

export interface Estate {
  sites: Record<string, Site>;
  databases: Record<string, { members: string[]; machineType: string; dataDiskGb: number }>;
}

export interface Usage {
  bastionHours: number;
  natDataGib: Record<Site['role'], number>;
  loadBalancerDataGib: Record<Site['role'], number>;
  interRegionGib: Record<Site['role'], number>;
  internetEgressGib: Record<Site['role'], number>;
  backupGib: { production: number; dev: number };
  thanosGib: number;
  auditLogGib: number;
  rawLogArchiveGib: number;
  outsideForwardingRules: Record<Site['role'], number>;
}

export interface PriceTable {
  currency: string;
  hoursPerMonth: number;
  sources: Record<string, { url: string; what: string; read: string; dated?: string }>;
  prices: Record<string, { unit: string; source: string; at: Record<string, string> }>;
}

/** What the Terraform modules bring with them. */
export interface Modules {
  database: { etcdDiskGb: number; bootDiskGb: number; boot: string; data: string; services: number };
  nodes: { system: string; systemPerZone: number; batch: string; diskGb: number; disk: string };
  /** By site: as its root says, else as the module does. A standby has none. */
  applications: Record<string, { machine: string; perZone: number }>;
  nat: { mode: string; machine: string; diskGb: number };
  bastion: { machine: string; diskGb: number };
  portalDatabase: { diskGb: number };
}

export interface Inputs {
  estate: Estate;
  usage: Usage;
  table: PriceTable;
  modules: Modules;
}

type Hcl = any;

function required<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`${what} is not there: the module was changed, and so must be infra/cost/inputs.ts`);
  return value;
}

/** The default of an optional() in an object type, as hcl2json leaves it in the type's text. */
function optionalDefault(module: Hcl, variable: string, name: string): string {
  const type = required(module.variable?.[variable]?.[0]?.type, `variable ${variable}`) as string;
  const found = new RegExp(`\\b${name}\\s*=\\s*optional\\(\\w+,\\s*"?([^")]+)"?\\)`).exec(type);
  return required(found?.[1], `the default of ${variable}.${name}`);
}

/** The pool of application nodes as the site's root asks for it; the role decides whether it is lit at all. */
async function readApplications(read: Read, estate: Estate, region: Hcl): Promise<Modules['applications']> {
  const found: Modules['applications'] = {};
  for (const [name, { project, region: place, role }] of Object.entries(estate.sites)) {
    const path = `infra/terraform/live/${role === 'hub' ? 'project-0-devops/hub' : `project-1-${project}/${place}`}/main.tf`;
    const root: Hcl = await parseHcl(path, required(read(path), path));
    const pool = Object.values<Hcl>(root.module ?? {}).map(([body]) => body.application_pool).find(Boolean) ?? {};
    found[name] = {
      machine: pool.machine_type ?? optionalDefault(region, 'application_pool', 'machine_type'),
      perZone: Number(pool.nodes_per_zone ?? optionalDefault(region, 'application_pool', 'nodes_per_zone')),
    };
  }
  return found;
}

async function readModules(read: Read, estate: Estate): Promise<Modules> {
  const hcl = async (path: string): Promise<Hcl> => parseHcl(path, required(read(`infra/terraform/modules/${path}`), path));
  const [machines, balancers, gke, pools, nat, natMachines, bastion, portal, region] = await Promise.all([
    'db-cluster/machines.tf', 'db-cluster/balancers.tf', 'gke/variables.tf', 'gke/node-pools.tf', 'ha-nat/variables.tf', 'ha-nat/machines.tf', 'bastion/main.tf', 'portal-database/main.tf', 'region/variables.tf',
  ].map(hcl));
  const { google_compute_disk: disks, google_compute_instance: instances } = machines.resource;
  const boot = required(instances.member?.[0]?.boot_disk?.[0]?.initialize_params?.[0], 'the boot disk of a database machine');
  const bastionMachine = required(Object.values<Hcl>(bastion.resource.google_compute_instance ?? {})[0]?.[0], 'the bastion');
  const pool = required(Object.values<Hcl>(pools.resource.google_container_node_pool)[0]?.[0]?.node_config?.[0], 'a node pool');
  const services = JSON.stringify(balancers.locals ?? '').match(/"(?:rw|ro|replication)":/g)?.length;
  return {
    database: {
      etcdDiskGb: required(disks.etcd?.[0]?.size, 'the etcd disk'), bootDiskGb: required(boot.size, 'its size'), boot: required(boot.type, 'its type'),
      data: required(disks.data?.[0]?.type, 'the data disk'), services: services ?? 3,
    },
    nodes: {
      system: optionalDefault(gke, 'system_pool', 'machine_type'), systemPerZone: Number(optionalDefault(gke, 'system_pool', 'min_nodes_per_zone')),
      batch: optionalDefault(gke, 'batch_pool', 'machine_type'),
      diskGb: required(pool.disk_size_gb, 'the disk of a node'), disk: required(pool.disk_type, 'its type'),
    },
    applications: await readApplications(read, estate, region),
    nat: { mode: optionalDefault(region, 'egress', 'mode'), machine: optionalDefault(nat, 'machines', 'machine_type'), diskGb: required(Object.values<Hcl>(natMachines.resource.google_compute_instance_template ?? natMachines.resource.google_compute_region_instance_template ?? {})[0]?.[0]?.disk?.[0]?.disk_size_gb, 'the disk of a NAT machine') },
    bastion: { machine: required(bastionMachine.machine_type, 'its machine'), diskGb: required(bastionMachine.boot_disk?.[0]?.initialize_params?.[0]?.size, 'its disk') },
    portalDatabase: { diskGb: required(Object.values<Hcl>(portal.resource.google_sql_database_instance)[0]?.[0]?.settings?.[0]?.disk_size, 'the disk of the portal\'s database') },
  };
}

/** Everything the sheet is made of. @throws Error naming what is missing */
export async function readInputs(read: Read): Promise<Inputs> {
  const yaml = <T>(path: string) => parse(required(read(path), path)) as T;
  const estate = yaml<Estate>('infra/estate.yaml');
  return {
    estate, usage: yaml<Usage>('infra/cost/usage.yaml'), table: yaml<PriceTable>('infra/cost/prices.yaml'), modules: await readModules(read, estate),
  };
}
