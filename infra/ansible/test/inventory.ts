/** The machines of the tests as an inventory: the labels that production's machines have, grouped by production's own rules. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Machines, MachineSpec } from './machines.ts';

export const ansibleFolder = join(import.meta.dirname, '..');
export const estate = parse(readFileSync(join(ansibleFolder, '../estate.yaml'), 'utf8')) as {
  sites: Record<string, { project: string; region: string; environment: string; zones: string[]; cidrs: Record<string, string> }>;
  databases: Record<string, { members: string[]; patroniScope: string }>;
  databasePorts: Record<string, number>;
  projects: Record<string, string>;
};

/** Passwords of the tests' databases. They guard nothing that outlives the test. */
export const PASSWORD = 'only-for-the-tests-4711-0123456789abcdef';
const PROJECT = 'payments-prod';

/** Every database machine of production, on the addresses of its own subnet. */
export function productionMachines(): MachineSpec[] {
  return Object.entries(estate.databases).filter(([site]) => estate.sites[site]!.project === PROJECT).flatMap(([site, { members }]) => {
    const { region, zones, cidrs } = estate.sites[site]!;
    return members.map((name, index) => ({ name, region, zone: zones[index]!, address: cidrs['database']!.replace(/\.0\/\d+$/, `.${11 + index}`) }));
  });
}

/** Names as the zone of databases has them. A service's name leads to every HAProxy of its region, as the load balancer does. */
export function hostsFile(machines: MachineSpec[]): string {
  const lines = machines.map(({ name, region, address }) => `${address} ${name}.${region}.db.airpay.example ${name}`);
  for (const { region, address } of machines) lines.push(`${address} rw.${region}.db.airpay.example replication.${region}.db.airpay.example ro.${region}.db.airpay.example redis.${region}.db.airpay.example`);
  return `${lines.join('\n')}\n`;
}

/** What production's inventory does with a machine's labels, as the source for Ansible's own plugin `constructed`. */
export function groupingRules(project: string): Record<string, unknown> {
  const { groups, keyed_groups, compose } = parse(readFileSync(join(ansibleFolder, `inventories/${project}.gcp_compute.yml`), 'utf8')) as Record<string, Record<string, string>>;
  const { ansible_host: _, ...rest } = compose!;
  return { plugin: 'ansible.builtin.constructed', strict: true, groups, keyed_groups, compose: rest };
}

/** A machine as the Compute API describes it. */
export function computeInstance(name: string, site: string, address: string, zone: string): Record<string, unknown> {
  const { region, environment } = estate.sites[site]!;
  return {
    labels: { role: 'postgresql', region, environment, 'patroni-scope': estate.databases[site]!.patroniScope },
    networkInterfaces: [{ networkIP: address }],
    zone,
    name,
  };
}

export function writeInventory(folder: string, machines: MachineSpec[], running: Pick<Machines, 'pidFile'>): string {
  const inventory = join(folder, 'inventory');
  mkdirSync(inventory, { recursive: true });
  const local = {
    ansible_connection: 'machine', ansible_become: false,
    // Small, for six on one computer; and what belongs to the real kernel, disks and packages that are not here is left out.
    patroni_shared_buffers: '64MB', patroni_max_connections: 60, patroni_wal_keep_size: '64MB', patroni_max_slot_wal_keep_size: '512MB',
    packages_of_the_system: [], hardening_sshd: false, haproxy_check_interval: '2s', hardening_sysctl_machine: {}, storage_disks: [],
    // The writer of the tests stands on the router between the regions.
    database_client_networks: [...new Set(machines.map(one => one.address.replace(/\.\d+$/, '.1/32')))],
    database_repository_type: 'posix', pgbackrest_settle_seconds: 0,
  };
  // With the machine, not with a group: only so they outweigh group_vars.
  const hosts = Object.fromEntries(machines.map(({ name, region, address, zone }) => [name, {
    ...computeInstance(name, `${PROJECT}-${region}`, address, zone), ...local, machine_pid_file: running.pidFile(name),
  }]));
  writeFileSync(join(inventory, '1-machines.yml'), stringify({ all: { hosts } }));
  writeFileSync(join(inventory, '2-constructed.yml'), stringify(groupingRules(PROJECT)));
  return inventory;
}

/** Secrets by the environment, as for a first start without a cloud; the authority is made for this run. */
export function secretEnvironment(folder: string): Record<string, string> {
  const key = join(folder, 'ca.key');
  const certificate = join(folder, 'ca.crt');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', certificate,
    '-days', '2', '-subj', '/CN=databases of a test', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'], { stdio: 'ignore' });
  const url = `postgresql://somebody:${PASSWORD}@rw.example:5432/ledger`;
  const values: Record<string, string> = {
    'payments-database-superuser': PASSWORD, 'payments-database-replication': PASSWORD, 'payments-database-rewind': PASSWORD,
    'payments-database-patroni': PASSWORD, 'payments-database-readonly': PASSWORD, 'payments-database-recovery': PASSWORD,
    'payments-database-backup-cipher': PASSWORD, 'payments-database-ca-key': readFileSync(key, 'utf8'),
    'payments-ledger-database-ca': readFileSync(certificate, 'utf8'), 'payments-ledger-database-url': url,
    'payments-ledger-migration-database-url': url, 'payments-ledger-redis-url': `rediss://:${PASSWORD}@redis.example:6379`,
  };
  return Object.fromEntries(['region-a', 'region-b'].flatMap(region => Object.entries(values).map(([id, value]) =>
    [`AIRPAY_SECRET_${`${id}-${region}`.toUpperCase().replaceAll('-', '_')}`, value])));
}
