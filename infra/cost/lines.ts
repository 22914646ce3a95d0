/** The lines of the sheet: what there is, how much of it, at which price. */
import type { Inputs, PriceTable, Site } from './inputs.ts';
import { cents, exact, plain, times, type Exact } from './money.ts';

export interface Line {
  site: string;
  what: string;
  sku: string;
  location: string;
  quantity: Exact;
  /** undefined: no price with a source, and so no amount. */
  price: Exact | undefined;
  unit: string;
  cents: bigint | undefined;
}

/** Machine types whose price is so many vCPUs of their family; shared-core ones are billed as the part of one that they are. */
function vcpusOf(machineType: string): { family: string; vcpus: string } {
  const shared: Record<string, string> = { 'e2-micro': '0.25', 'e2-small': '0.5', 'e2-medium': '1' };
  if (shared[machineType]) return { family: 'e2-standard', vcpus: shared[machineType]! };
  const match = /^(n2|e2)-standard-(\d+)$/.exec(machineType);
  if (!match) throw new Error(`no price is known for machines of the type ${machineType}`);
  return { family: `${match[1]}-standard`, vcpus: match[2]! };
}

/** The price of a SKU in a location, or undefined. @throws Error when it names no source */
export function priceOf(table: PriceTable, sku: string, location: string): { price: Exact | undefined; unit: string } {
  const entry = table.prices[sku];
  if (!entry) return { price: undefined, unit: '' };
  if (!table.sources[entry.source]?.url) throw new Error(`${sku}: the source "${entry.source}" has no address`);
  const text = entry.at[location] ?? entry.at['any'];
  return { price: text === undefined ? undefined : exact(text), unit: entry.unit };
}

export class Sheet {
  readonly lines: Line[] = [];
  readonly #inputs: Inputs;
  readonly #hours: Exact;

  constructor(inputs: Inputs) {
    this.#inputs = inputs;
    this.#hours = exact(inputs.table.hoursPerMonth);
  }

  add(site: string, location: string, what: string, sku: string, quantity: Exact, unit = ''): void {
    if (quantity === 0n) return;
    const found = priceOf(this.#inputs.table, sku, location);
    this.lines.push({ site, location, what, sku, quantity, price: found.price, unit: found.unit || unit, cents: found.price === undefined ? undefined : cents(quantity, found.price) });
  }

  perHour(site: string, location: string, what: string, sku: string, count: number | string): void {
    this.add(site, location, what, sku, times(exact(count), this.#hours));
  }

  machines(site: string, location: string, what: string, machineType: string, count: number): void {
    const { family, vcpus } = vcpusOf(machineType);
    this.add(site, location, `${count} × ${machineType}: ${what}`, `${family}-vcpu`, times(times(exact(vcpus), exact(count)), this.#hours));
  }

  partOfMonth(site: string, location: string, what: string, machineType: string, hours: number): void {
    const { family, vcpus } = vcpusOf(machineType);
    this.add(site, location, `${machineType}: ${what}`, `${family}-vcpu`, times(exact(vcpus), exact(hours)));
  }
}

export interface Options {
  /** Sites whose application pool counts as lit, whatever their role. */
  lit?: string[];
}

/** All lines of one month, site by site. */
export function sheetOf(inputs: Inputs, { lit = [] }: Options = {}): Line[] {
  const sheet = new Sheet(inputs);
  for (const [name, site] of Object.entries(inputs.estate.sites)) {
    addCluster(sheet, inputs, name, site, lit.includes(name));
    addDatabase(sheet, inputs, name, site);
    addNetwork(sheet, inputs, name, site);
    addStorage(sheet, inputs, name, site);
  }
  addRules(sheet, inputs);
  return sheet.lines;
}

function addCluster(sheet: Sheet, { usage, modules: { nodes, applications, bastion } }: Inputs, name: string, { location, zones, role }: Site, lit: boolean): void {
  const pool = applications[name]!;
  const perZone = role === 'standby' && !lit ? 0 : pool.perZone;
  const system = nodes.systemPerZone * zones.length;
  const application = perZone * zones.length;
  sheet.perHour(name, location, 'cluster fee', 'gke-cluster', 1);
  sheet.machines(name, location, 'system nodes', nodes.system, system);
  if (application > 0) sheet.machines(name, location, 'application nodes', pool.machine, application);
  sheet.add(name, location, `disks of ${system + application} nodes`, nodes.disk, exact((system + application) * nodes.diskGb));
  if (role !== 'hub') return;
  sheet.partOfMonth(name, location, `bastion for ${usage.bastionHours} hours`, bastion.machine, usage.bastionHours);
}

function addDatabase(sheet: Sheet, { estate, modules: { database, portalDatabase } }: Inputs, name: string, { location, role }: Site): void {
  const cluster = estate.databases[name];
  if (cluster) {
    const count = cluster.members.length;
    sheet.machines(name, location, 'database', cluster.machineType, count);
    sheet.add(name, location, `data and etcd disks of ${count} members`, database.data, exact(count * (cluster.dataDiskGb + database.etcdDiskGb)));
    sheet.add(name, location, `boot disks of ${count} members`, database.boot, exact(count * database.bootDiskGb));
  }
  if (role === 'hub') sheet.add(name, location, `portal's own PostgreSQL (Cloud SQL, two zones, ${portalDatabase.diskGb} GiB)`, 'cloud-sql', exact(1), 'instance month');
}

function addNetwork(sheet: Sheet, { usage, modules: { nat } }: Inputs, name: string, { location, zones, role }: Site): void {
  if (nat.mode === 'nlb') {
    sheet.machines(name, location, 'NAT, one a zone', nat.machine, zones.length);
    sheet.add(name, location, 'disks of the NAT machines', 'pd-balanced', exact(zones.length * nat.diskGb));
  } else {
    sheet.perHour(name, location, 'Cloud NAT gateway, at its highest hourly price', 'nat-gateway', 1);
    sheet.add(name, location, 'data through NAT', 'nat-data', exact(usage.natDataGib[role]));
  }
  sheet.perHour(name, location, `${zones.length} addresses that partners allow`, 'external-address', zones.length);
  sheet.add(name, location, 'data through balancers', 'load-balancer-data', exact(usage.loadBalancerDataGib[role]));
  sheet.add(name, location, 'data to other regions', 'inter-region-data', exact(usage.interRegionGib[role]), 'GiB');
  sheet.add(name, location, 'data to the internet', 'internet-data', exact(usage.internetEgressGib[role]), 'GiB');
  if (role !== 'hub') sheet.add(name, location, 'Cloud Armor policy', 'cloud-armor', exact(1), 'policy month');
  sheet.add(name, location, 'keys, secrets, logs and metrics beyond what is free', 'observability-and-keys', exact(1), 'month');
}

function addStorage(sheet: Sheet, { estate, usage }: Inputs, name: string, { location, role, environment }: Site): void {
  if (estate.databases[name]) {
    const gib = exact(environment === 'dev' ? usage.backupGib.dev : usage.backupGib.production);
    sheet.add(name, location, 'backups and log of the database', 'storage-standard', gib);
    sheet.add(name, location, 'their locked copy', 'storage-nearline', gib);
  }
  if (role !== 'hub') return;
  sheet.add(name, location, 'metrics (Thanos)', 'storage-standard', exact(usage.thanosGib));
  sheet.add(name, location, 'audit logs of a year', 'storage-standard', exact(usage.auditLogGib));
  sheet.add(name, location, 'raw logs of seven years', 'storage-archive', exact(usage.rawLogArchiveGib));
}

/** Rules are priced per project: the first five together, then each. */
function addRules(sheet: Sheet, { estate, usage, modules }: Inputs): void {
  const rules = new Map<string, number>();
  for (const [name, { project, role }] of Object.entries(estate.sites)) {
    const inside = (estate.databases[name] ? modules.database.services : 0) + (modules.nat.mode === 'nlb' ? 1 : 0);
    rules.set(project, (rules.get(project) ?? 0) + inside + usage.outsideForwardingRules[role]);
  }
  for (const [project, count] of rules) {
    if (count === 0) continue;
    sheet.perHour(`project ${project}`, 'any', `first ${Math.min(5, count)} forwarding rules`, 'forwarding-rules-first-five', 1);
    if (count > 5) sheet.perHour(`project ${project}`, 'any', `${count - 5} more forwarding rules`, 'forwarding-rule', count - 5);
  }
}

export interface Total {
  cents: bigint;
  /** Lines without a price: the total is what is known, and at least that. */
  unpriced: number;
}

export function totalOf(lines: readonly Line[]): Total {
  return { cents: lines.reduce((sum, line) => sum + (line.cents ?? 0n), 0n), unpriced: lines.filter(line => line.cents === undefined).length };
}

/** One name per line, to compare two sheets by. */
export function keyOf({ site, what, sku }: Line): string {
  return `${site} | ${what.replace(/^\d+ × /, '').replace(/\d+ (nodes|members)/, '$1')} | ${sku}`;
}

export { plain };
