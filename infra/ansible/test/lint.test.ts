/** What is true of the plays before anything runs: lints, syntax, names that must agree with others. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { ansibleFolder, computeInstance, estate, groupingRules } from './inventory.ts';

const run = promisify(execFile);
const read = (path: string) => readFileSync(join(ansibleFolder, path), 'utf8');
const playbooks = readdirSync(ansibleFolder).filter(name => /^[a-z-]+\.yml$/.test(name));
const environment = { ...process.env, ANSIBLE_CONFIG: join(ansibleFolder, 'ansible.cfg'), ANSIBLE_NOCOLOR: '1', PYTHONDONTWRITEBYTECODE: '1', LANG: 'C.UTF-8' };
const ansible = (program: string, args: string[], cwd = ansibleFolder) => run(program, args, { cwd, env: environment, timeout: 240_000, maxBuffer: 16 * 1024 * 1024 });

interface Task { name?: string; block?: Task[]; rescue?: Task[]; 'ansible.builtin.include_tasks'?: string }
interface Play { name: string; hosts: string; tasks?: Task[]; 'ansible.builtin.import_playbook'?: string }
const plays = (name: string) => parse(read(name)) as Play[];
const flat = (tasks: Task[]): Task[] => tasks.flatMap(task => [task, ...flat(task.block ?? [])]);

function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'airpay-ansible-'));
  return work(folder).finally(() => rmSync(folder, { recursive: true, force: true }));
}

test('ansible-lint finds nothing with its strictest profile, and yamllint neither', { timeout: 300_000 }, async () => {
  await ansible('ansible-lint', ['--offline', '--nocolor', '-q']);
  await ansible('yamllint', ['--strict', '.']);
});

test('ansible-lint would have found a task that hides what it changes', { timeout: 120_000 }, () => withFolder(async folder => {
  writeFileSync(join(folder, 'bad.yml'), '---\n- name: Bad\n  hosts: all\n  tasks:\n    - name: Run\n      ansible.builtin.command: systemctl restart patroni\n');
  await assert.rejects(ansible('ansible-lint', ['--offline', '--nocolor', '-p', 'bad.yml'], folder), (error: { stdout: string }) => {
    assert.match(error.stdout, /no-changed-when/);
    return true;
  });
}));

test('every play parses', { timeout: 120_000 }, async () => {
  assert.ok(playbooks.length >= 7);
  for (const playbook of playbooks) await ansible('ansible-playbook', ['--syntax-check', '-i', 'localhost,', playbook]);
});

/** Groups as Ansible itself makes them of the labels that Terraform sets. */
async function groupsOf(project: string): Promise<Record<string, string[]>> {
  return withFolder(async folder => {
    const instances = Object.entries(estate.databases).filter(([site]) => estate.sites[site]!.project === project)
      .flatMap(([site, { members }]) => members.map((name, index) => [name, computeInstance(name, site, `10.0.0.${index + 1}`, estate.sites[site]!.zones[index]!)] as const));
    mkdirSync(join(folder, 'inventory'));
    writeFileSync(join(folder, 'inventory/1-machines.yml'), stringify({ all: { hosts: Object.fromEntries(instances) } }));
    writeFileSync(join(folder, 'inventory/2-constructed.yml'), stringify(groupingRules(project)));
    const list = JSON.parse((await ansible('ansible-inventory', ['-i', join(folder, 'inventory'), '--list'])).stdout) as Record<string, { hosts?: string[] }>;
    return Object.fromEntries(Object.entries(list).flatMap(([group, { hosts }]) => (hosts ? [[group, hosts.sort()] as const] : [])));
  });
}

test('the inventories find every database machine of the estate by its labels, in the group that the plays use', { timeout: 120_000 }, async () => {
  for (const project of ['payments-prod', 'payments-dev']) {
    const groups = await groupsOf(project);
    const sites = Object.entries(estate.databases).filter(([site]) => estate.sites[site]!.project === project);
    assert.deepEqual(groups['postgresql'], sites.flatMap(([, { members }]) => members).sort());
    for (const [site, { members }] of sites) assert.deepEqual(groups[estate.sites[site]!.region.replace('-', '_')], [...members].sort());
    assert.deepEqual((parse(read(`inventories/${project}.gcp_compute.yml`)) as { projects: string[] }).projects, [estate.projects[project]]);
  }
});

/** Groups that plays are for, without those that a play of the same file makes by group_by. */
function groupsNeeded(name: string): string[] {
  const text = read(name);
  const made = [...text.matchAll(/key: "?\{\{(.*)\}\}"?/g)].flatMap(([, expression]) => [...expression!.matchAll(/'([a-z_]+)'/g)].map(match => match[1]!));
  const prefixes = [...text.matchAll(/key: "?([a-z_]+_)\{\{/g)].map(match => match[1]!);
  return plays(name).flatMap(play => (play.hosts === undefined ? [] : [play.hosts])).filter(host => !made.includes(host) && !prefixes.some(prefix => host.startsWith(prefix)));
}

test('no play is for a group that no inventory has', { timeout: 120_000 }, async () => {
  const groups = await groupsOf('payments-prod');
  const missing = (names: string[]) => names.filter(name => !(name in groups));
  for (const playbook of playbooks) assert.deepEqual(missing(groupsNeeded(playbook)), [], playbook);
  // The groups of a play that found no machine.
  assert.deepEqual(missing(['pg_cluster', 'postgresql']), ['pg_cluster']);
});

test('Terraform sets the labels that the inventories ask for', () => {
  const module = join(ansibleFolder, '../terraform/modules/db-cluster');
  const text = readdirSync(module).filter(name => name.endsWith('.tf')).map(name => readFileSync(join(module, name), 'utf8')).join('\n');
  const labels = /labels\s*=\s*merge\(var\.labels, \{([^}]*)\}\)/.exec(text)?.[1] ?? '';
  const asked = [...read('inventories/payments-prod.gcp_compute.yml').matchAll(/labels(?:\.([a-z]+)|\['([a-z-]+)'\])/g)].map(match => match[1] ?? match[2]!);
  // `environment` is one of the labels that every resource carries.
  for (const label of new Set(asked)) assert.ok(label === 'environment' || new RegExp(`\\b${label} =`).test(labels), `${label} is not among: ${labels}`);
  assert.match(labels, /role = "postgresql"/);
  for (const device of ['data', 'etcd']) {
    assert.match(text, new RegExp(`device_name = "${device}"`));
    assert.match(read('group_vars/postgresql.yml'), new RegExp(`/dev/disk/by-id/google-${device},`));
  }
});

test('ports, secrets and buckets are those of the estate', () => {
  const variables = parse(read('group_vars/postgresql.yml')) as Record<string, unknown>;
  const ports = estate.databasePorts;
  assert.deepEqual(
    ['port', 'read_write_port', 'replication_port', 'read_only_port', 'patroni_port', 'health_port', 'etcd_client_port', 'etcd_peer_port', 'redis_port', 'exporter_port'].map(name => variables[`database_${name}`]),
    ['postgres', 'readWrite', 'replication', 'readOnly', 'patroni', 'haproxyHealth', 'etcdClient', 'etcdPeer', 'redis', 'nodeExporter'].map(name => ports[name]),
  );
  const whole = parse(readFileSync(join(ansibleFolder, '../estate.yaml'), 'utf8')) as { secrets: Record<string, unknown>; buckets: { backups: Record<string, string> } };
  const read_ = ['tasks/secrets.yml', 'group_vars/postgresql.yml', 'group_vars/all.yml'].flatMap(file => [...read(file).matchAll(/lookup\('secret', '([a-z-]+?)-?'/g)].map(match => match[1]!));
  assert.ok(read_.length >= 12);
  assert.deepEqual(read_.filter(name => !(name in whole.secrets)), []);
  assert.deepEqual(Object.entries(whole.buckets.backups).map(([site, bucket]) => [estate.sites[site]!.environment === 'dev' ? 'dev' : estate.sites[site]!.region, bucket]),
    Object.entries(whole.buckets.backups).map(([site]) => {
      const place = estate.sites[site]!.environment === 'dev' ? 'dev' : estate.sites[site]!.region;
      return [place, `airpay-archive-pgbackrest-${place}`];
    }));
});

test('the play of the region switch has the steps of the runbook, in its order and under its titles', () => {
  const plan = readFileSync(join(ansibleFolder, '../recovery-plans/planned-region-switch.md'), 'utf8');
  const titles = [...plan.matchAll(/^## \d+\. (.*)$/gm)].map(match => match[1]!);
  const runbook = readFileSync(join(ansibleFolder, '../../plugins/airpay-dr-common/src/runbook.ts'), 'utf8');
  const ids = [.../plannedSwitchStepIds = \[([^\]]*)\]/.exec(runbook)![1]!.matchAll(/'([a-z-]+)'/g)].map(match => match[1]!);
  const steps = flat(plays('region-switch.yml')[1]!.tasks!).filter(task => task.name?.startsWith('['));
  assert.equal(ids.length, 11);
  assert.deepEqual(steps.map(task => task.name), ids.map((id, index) => `[${id}] ${titles[index]}`));
  assert.deepEqual(steps.map(task => task['ansible.builtin.include_tasks']), ids.map(id => `steps/${id}.yml`));
});

test('what the machines never upgrade by themselves, the play upgrades', () => {
  const { hardening_never_upgraded_alone: alone } = parse(read('roles/hardening/defaults/main.yml')) as { hardening_never_upgraded_alone: string[] };
  const upgraded = (plays('minor-upgrade.yml')[0]!.tasks!.find(task => task.name === 'Say what is upgraded') as Task & { vars: { upgrade_all: string[] } }).vars.upgrade_all;
  const { packages_of_the_database: installed } = parse(read('roles/packages/defaults/main.yml')) as { packages_of_the_database: string[] };
  const left = (names: string[]) => alone.filter(prefix => !names.some(name => name.startsWith(prefix)));
  assert.deepEqual(left(upgraded), []);
  assert.deepEqual(upgraded.filter(name => !installed.includes(name)), []);
  assert.deepEqual(left(upgraded.filter(name => name !== 'redis-server')), ['redis']);
});

test('no etcd is stopped by an upgrade before each other one of the region was seen in the majority', () => {
  type Step = Task & { loop?: string; until?: string; when?: string; 'ansible.builtin.uri'?: { url: string }; 'ansible.builtin.service'?: { name: string } };
  const steps = flat(parse(read('tasks/restart-member.yml')) as Task[]) as Step[];
  const asked = steps.findIndex(step => step['ansible.builtin.uri']?.url === '{{ hostvars[item].etcd_client_url }}/health');
  assert.ok(asked !== -1, 'the others are not asked');
  assert.equal(steps[asked]!.loop, '{{ database_region_members | difference([inventory_hostname]) }}');
  assert.match(steps[asked]!.until!, /\.health == 'true'/);
  // The package's own script may restart it too.
  const stops = steps.flatMap((step, index) => (step['ansible.builtin.service']?.name === 'etcd' || 'ansible.builtin.apt' in step ? [index] : []));
  assert.equal(stops.length, 2);
  for (const index of stops) assert.ok(asked < index, steps[index]!.name);
  const upgrade = steps.find(step => 'ansible.builtin.apt' in step)!;
  assert.equal(steps[asked]!.when, upgrade.when);
});

test('every wait of the plays has an end, and every secret is kept out of the output', () => {
  const files = execFileSync('git', ['ls-files', '*.yml'], { cwd: ansibleFolder, encoding: 'utf8' }).trim().split('\n').filter(file => !file.startsWith('test/'));
  let waits = 0;
  for (const file of files) {
    const tasks = parseAllDocuments(read(file)).flatMap(document => document.toJS() as unknown);
    JSON.stringify(tasks, (_, value: unknown) => {
      const task = value as Record<string, unknown> | null;
      if (task && typeof task === 'object' && 'until' in task) {
        waits++;
        assert.ok('retries' in task, `${file}: ${String(task['name'])} waits without an end`);
      }
      const request = task?.['ansible.builtin.uri'] as Record<string, unknown> | undefined;
      if (request) assert.ok('timeout' in request, `${file}: ${String(task!['name'])} asks without a limit of time`);
      if (request?.['headers']) assert.equal(task!['no_log'], true, `${file}: ${String(task!['name'])} would show a key`);
      return value;
    });
  }
  assert.ok(waits > 20);
});
