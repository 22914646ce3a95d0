/**
 * Makes sure that the programs a script starts are on this machine.
 * Usage: node tools/require.ts platform|test|bench
 * With apt (as root, or through sudo) it installs what is missing and keeps the new services from
 * starting; elsewhere it lists what to install and exits 1. Finding everything costs a few stat calls.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Requirement {
  /** Any one of these paths or commands is enough. Globs allowed. */
  any: string[];
  debianPackages: string[];
  what: string;
}

const postgres: Requirement = { what: 'PostgreSQL server', any: ['/usr/lib/postgresql/*/bin/postgres', '/opt/homebrew/opt/postgresql@1*/bin/postgres'], debianPackages: ['postgresql'] };
const platform: Requirement[] = [
  postgres,
  { what: 'Patroni', any: ['patroni'], debianPackages: ['patroni'] },
  { what: 'etcd', any: ['etcd'], debianPackages: ['etcd-server'] },
  { what: 'HAProxy', any: ['haproxy'], debianPackages: ['haproxy'] },
  { what: 'Redis', any: ['redis-server'], debianPackages: ['redis-server'] },
  { what: 'Prometheus and promtool', any: ['promtool'], debianPackages: ['prometheus'] },
  { what: 'Alertmanager', any: ['prometheus-alertmanager', 'alertmanager'], debianPackages: ['prometheus-alertmanager'] },
  { what: 'pgBackRest', any: ['pgbackrest'], debianPackages: ['pgbackrest'] },
  { what: 'MkDocs', any: ['mkdocs'], debianPackages: ['mkdocs'] },
  { what: 'git', any: ['git'], debianPackages: ['git'] },
];
const test: Requirement[] = [
  ...platform,
  // The plays of infra/ansible are linted and really run, on machines made of namespaces.
  { what: 'Ansible', any: ['ansible-playbook'], debianPackages: ['ansible'] },
  { what: 'ansible-lint', any: ['ansible-lint'], debianPackages: ['ansible-lint'] },
  { what: 'Prometheus node exporter', any: ['prometheus-node-exporter', 'node_exporter'], debianPackages: ['prometheus-node-exporter'] },
  { what: 'ip, which makes network namespaces', any: ['ip'], debianPackages: ['iproute2'] },
  { what: 'systemd, which each of those machines runs', any: ['/lib/systemd/systemd'], debianPackages: ['systemd'] },
  { what: 'D-Bus', any: ['dbus-daemon'], debianPackages: ['dbus'] },
  { what: 'curl', any: ['curl'], debianPackages: ['curl'] },
  // Debian's client of etcd imports it as soon as it meets a certificate, and does not depend on it.
  { what: "Python's idna", any: ['/usr/lib/python3/dist-packages/idna'], debianPackages: ['python3-idna'] },
  { what: 'Chromium', any: ['chromium'], debianPackages: ['chromium', 'fonts-dejavu-core'] },
];
const bench: Requirement[] = [
  postgres,
  { what: 'wrk, which puts load on HTTP', any: ['wrk'], debianPackages: ['wrk'] },
];
const sets = new Map([['platform', platform], ['test', test], ['bench', bench]]);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function found(name: string): boolean {
  if (name.includes('/')) return globSync(name).some(isExecutable);
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/local/sbin`.split(':');
  return folders.some(folder => folder !== '' && isExecutable(join(folder, name)));
}

function run(command: string[], env: NodeJS.ProcessEnv = {}): number {
  const result = spawnSync(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env }, timeout: 600_000 });
  return result.status ?? 1;
}

/** Services that a package would start and enable on a machine with systemd. */
const services = ['etcd', 'patroni', 'haproxy', 'redis-server', 'prometheus', 'prometheus-node-exporter', 'prometheus-alertmanager', 'postgresql', 'pgbackrest'];

function aptInstall(packages: string[], asRoot: string[]): boolean {
  const before = new Set(services.filter(service => existsSync(`/lib/systemd/system/${service}.service`)));
  const apt = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const policy = '/usr/sbin/policy-rc.d';
  // Without this file apt starts every new service, on the very ports other programs may use.
  const ownPolicy = asRoot.length === 0 && !existsSync(policy);
  // Ctrl-C ends apt; this process lives on to take the file away again, or no service would ever start on this machine.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  if (ownPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    if (run([...apt, 'update', '-qq']) !== 0) return false;
    if (run([...apt, 'install', '-y', '-qq', '--no-install-recommends', ...packages]) !== 0) return false;
  } finally {
    if (ownPolicy) rmSync(policy, { force: true });
  }
  if (existsSync('/run/systemd/system')) {
    const fresh = services.filter(service => !before.has(service) && existsSync(`/lib/systemd/system/${service}.service`));
    for (const service of fresh) run([...asRoot, 'systemctl', 'disable', '--now', '--quiet', service]);
  }
  return true;
}

function main(): number {
  const set = sets.get(process.argv[2] ?? '');
  if (!set) {
    console.error(`Usage: node tools/require.ts ${[...sets.keys()].join('|')}`);
    return 2;
  }
  const missing = set.filter(requirement => !requirement.any.some(found));
  if (missing.length === 0) return 0;

  const packages = missing.flatMap(requirement => requirement.debianPackages);
  const isRoot = process.getuid?.() === 0;
  const hasApt = found('apt-get') && existsSync('/etc/debian_version') && readFileSync('/etc/debian_version', 'utf8') !== '';
  const asRoot = isRoot ? [] : ['sudo'];
  if (hasApt && (isRoot || found('sudo'))) {
    console.error(`Debian packages: ${packages.join(' ')} …`);
    if (aptInstall(packages, asRoot)) {
      const still = missing.filter(requirement => !requirement.any.some(found));
      if (still.length === 0) return 0;
      console.error(`Still missing after apt-get: ${still.map(requirement => requirement.what).join(', ')}.`);
    }
  }
  console.error('These programs are missing; install them, then run the same command again:');
  for (const requirement of missing) console.error(`  ${requirement.what.padEnd(26)} Debian: ${requirement.debianPackages.join(' ')}`);
  if (hasApt) console.error(`\n  sudo apt-get install --no-install-recommends ${packages.join(' ')}`);
  else console.error('\nThere is no apt on this machine: use its own package manager, or open the folder in the dev container (.devcontainer/).');
  return 1;
}

process.exitCode = main();
