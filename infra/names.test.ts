import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { hostsAt, wordProblems } from './gitops/checks/estate-names.ts';
import { readEstate, root } from './gitops/checks/manifests.ts';
import { ansiblePorts, armorProblems, gatewayProblems, poolsOf, portProblems, rangeProblems } from './gitops/checks/outside-names.ts';

const estate = readEstate();
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const files = (...patterns: string[]) => globSync(patterns, { cwd: root }).filter(file => !/node_modules|\.terraform\/|\/test\/|\/tests\/|\/checks\/|\/rendered\//.test(file)).sort();

/** Hosts of ours beside those of routes: databases, clusters, zones. */
const escape = (text: string) => text.replaceAll('.', '\\.');
const member = Object.entries<any>(estate.databases).flatMap(([site, { members }]) => {
  const place = estate.sites[site].environment === 'dev' ? 'dev' : estate.sites[site].region;
  return [...members, 'rw', 'ro', 'replication', 'redis'].map((name: string) => `${name}.${place}.db.airpay.example`).concat(`${place}.db.airpay.example`);
});
const known = {
  names: new Set<string>([
    ...Object.values<string>(estate.projects), estate.stateBucket, ...Object.values<any>(estate.buckets).flatMap(one => (typeof one === 'string' ? [one] : Object.values<string>(one))),
    // The program of the role pgbackrest and its units, and the guard before a region's first start.
    'airpay-backup', 'airpay-backup-check', 'airpay-backup-ensure', 'airpay-backup-metrics', 'airpay-region-guard',
    // Who owns the accounts that the portal pays between to prove a region.
    'airpay-portal',
    // The rest of the name is the place's, put in by Ansible; names.test.ts looks at the result below.
    'airpay-archive-pgbackrest',
  ]),
  hosts: [
    ...new Set<string>([...Object.keys(estate.sites).flatMap(site => [...hostsAt(estate, site)]), ...member, ...Object.values<any>(estate.dns).map(zone => zone.domain.replace(/\.$/, ''))]),
  ].map(host => new RegExp(`^${escape(host)}$`)).concat([/^[a-z-]+\.clusters\.airpay\.example$/]),
};

describe('Ansible says what the estate says', () => {
  const variableFiles = files('infra/ansible/group_vars/*.yml', 'infra/ansible/roles/*/defaults/main.yml');

  it('ports', () => {
    const seen = new Set<string>();
    for (const file of variableFiles) {
      const variables = parse(read(file)) ?? {};
      for (const name of Object.keys(variables)) seen.add(name);
      assert.deepEqual(portProblems(file, variables, estate.databasePorts), []);
    }
    assert.deepEqual(Object.keys(ansiblePorts).filter(name => !seen.has(name)), [], 'these variables are nowhere');
    assert.deepEqual([...new Set(Object.values(ansiblePorts))].sort(), Object.keys(estate.databasePorts).sort(), 'every port of the estate is compared');
    assert.deepEqual(portProblems('x', { haproxy_read_write_port: 5000 }, estate.databasePorts), ['x: haproxy_read_write_port is 5000, the estate\'s readWrite is 5432']);
  });

  it('networks', () => {
    for (const file of files('infra/ansible/**/*.yml', 'infra/ansible/**/*.j2')) assert.deepEqual(rangeProblems(file, read(file), estate), []);
    assert.deepEqual(rangeProblems('x', 'allow 10.10.16.0/24 and 10.10.17.0/25', estate), ['x: 10.10.17.0/25 is no range of the estate (site payments-prod-region-a)']);
  });

  it('buckets of backups: the name made from the place is that of the estate', () => {
    const text = read('infra/ansible/group_vars/postgresql.yml');
    assert.match(text, /airpay-archive-pgbackrest-\{\{ ?place ?\}\}/);
    for (const [site, bucket] of Object.entries<string>(estate.buckets.backups)) {
      const place = estate.sites[site].environment === 'dev' ? 'dev' : estate.sites[site].region;
      assert.equal(bucket, `airpay-archive-pgbackrest-${place}`);
    }
  });
});

describe('roles of the database', () => {
  const text = read('infra/ansible/roles/postgres/files/roles.sql').replace(/--.*$/gm, '');
  const powerful = (sql: string) => sql.match(/\b(?<!NO)(SUPERUSER|CREATEDB|CREATEROLE|BYPASSRLS|REPLICATION)\b/g) ?? [];
  /** Who becomes a role: grants of one role of ours to another. */
  const memberships = (sql: string) => [...sql.matchAll(/GRANT\s+([a-z_, ]+?)\s+TO\s+([a-z_, ]+)/g)].map(([, what, whom]) => `${what} -> ${whom!.trim()}`);

  it('have no power over the cluster, and only the migrator may become the owner of the tables', () => {
    assert.deepEqual(powerful(text), []);
    assert.deepEqual(memberships(text), ['ledger_owner -> ledger_migrator', 'pg_monitor, pg_signal_backend -> airpay_recovery']);
    assert.match(text, /ALTER ROLE ledger_owner NOLOGIN/);
    assert.deepEqual(powerful('ALTER ROLE ledger_app SUPERUSER NOCREATEDB'), ['SUPERUSER']);
    assert.deepEqual(memberships('GRANT ledger_owner TO ledger_app;'), ['ledger_owner -> ledger_app']);
  });
});

describe('what is written anywhere', () => {
  it('names projects, buckets and hosts of the estate and no others', () => {
    const looked = files('infra/gitops/**/*.yaml', 'infra/gitops/**/*.json', 'infra/ansible/**/*.{yml,j2}', 'infra/slo/*.yaml', 'infra/slo/alerts/*.yaml', 'app-config.production.yaml');
    assert.ok(looked.length > 60, String(looked.length));
    const problems = looked.flatMap(file => wordProblems(file, read(file).replace(/^\s*#.*$/gm, '').replace(/"uid": ?"[a-z-]+"/g, ''), known));
    assert.deepEqual(problems, []);
  });

  it('the portal in production has the host of the estate', () => {
    const config = parse(read('app-config.production.yaml'));
    for (const url of [config.app.baseUrl, config.backend.baseUrl, config.backend.cors.origin]) assert.equal(url, `https://${estate.hosts.portal.host}`);
    assert.equal(config.techdocs.publisher.googleGcs.bucketName, estate.buckets.techdocs);
    for (const { projectId } of config.kubernetes.clusterLocatorMethods) assert.ok(Object.values(estate.projects).includes(projectId), projectId);
  });

  it('roots of Terraform write out no name or range: they read the estate', () => {
    const roots = files('infra/terraform/live/**/*.tf');
    const imageFamily = /image_family\s*=\s*"([a-z0-9-]+)"/.exec(read('infra/packer/postgresql.pkr.hcl'))![1]!;
    assert.ok(roots.length > 0);
    for (const file of roots) {
      // But the family of images that Packer makes; the module takes no other.
      const text = read(file).replace(/^\s*(#|\/\/).*$/gm, '').replaceAll(imageFamily, '');
      assert.deepEqual(text.match(/\bairpay-[a-z0-9-]+/g) ?? [], [], file);
      assert.deepEqual(rangeProblems(file, text, { sites: {} }), [], file);
    }
    for (const file of files('infra/terraform/live/**/backend.hcl')) assert.match(read(file), new RegExp(`bucket\\s*=\\s*"${estate.stateBucket}"`), file);
  });
});

describe('the lints themselves are red for', () => {
  it('a Gateway that names what Terraform does not make', () => {
    const gateway = (map: string, address: string, tls: string) => parseAllDocuments(`
kind: Gateway
metadata: { name: payments, annotations: { networking.gke.io/certmap: ${map} } }
spec: { addresses: [{ type: NamedAddress, value: ${address} }] }
---
kind: GCPGatewayPolicy
metadata: { name: tls }
spec: { default: { sslPolicy: ${tls} } }`).map(document => document.toJS());
    const site = { role: 'primary', region: 'region-a' };
    assert.deepEqual(gatewayProblems('c', site, gateway('payments-region-a', 'gateway-payments-region-a', 'payments-region-a')), []);
    assert.equal(gatewayProblems('c', site, gateway('payments', 'gateway-payments-region-a', 'payments-region-a')).length, 1);
    assert.equal(gatewayProblems('c', site, gateway('payments-region-a', 'payments', 'payments-region-a')).length, 1);
    assert.equal(gatewayProblems('c', site, gateway('payments-region-a', 'gateway-payments-region-a', 'payments-tls')).length, 1);
    assert.equal(gatewayProblems('c', { role: 'hub', region: 'hub' }, gateway('hub', 'gateway-hub', 'hub')).length, 0);
  });

  it('a public Service without a policy of Cloud Armor, or with one nobody makes', () => {
    const route = { kind: 'HTTPRoute', metadata: { namespace: 'payments', name: 'ledger' }, spec: { rules: [{ backendRefs: [{ name: 'ledger' }] }] } };
    const policy = (name?: string) => ({ kind: 'GCPBackendPolicy', metadata: { namespace: 'payments', name: 'ledger' }, spec: { targetRef: { name: 'ledger' }, default: { securityPolicy: name } } });
    const policies = new Set(['public']);
    assert.deepEqual(armorProblems('c', [route, policy('public')], policies), []);
    assert.match(armorProblems('c', [route, policy()], policies).join(), /payments\/ledger is public and no GCPBackendPolicy/);
    assert.match(armorProblems('c', [route, policy('waf')], policies).join(), /Terraform makes no policy waf/);
  });

  it('a pool of nodes without its taint', () => {
    const resource = (taint: object[]) => [{ type: 'google_container_node_pool', name: 'a', body: { name: 'application', node_config: [{ taint }] } }];
    assert.deepEqual(poolsOf(resource([{ key: 'pool', value: 'application', effect: 'NO_SCHEDULE' }])), [{ name: 'application', taints: [{ key: 'pool', value: 'application', effect: 'NO_SCHEDULE' }] }]);
    assert.deepEqual(poolsOf(resource([]))[0]!.taints, []);
  });
});

describe('the way to the database machines', () => {
  it('is a tunnel to each by the name it has in the inventory: the proxy knows machines, not addresses', () => {
    const arguments_: string = parse(read('infra/ansible/group_vars/postgresql.yml'))['ansible_ssh_common_args'] ?? '';
    assert.match(arguments_, /-o ProxyCommand="gcloud compute start-iap-tunnel \{\{ inventory_hostname \}\} %p --listen-on-stdin /);
    const asked = [...arguments_.matchAll(/\{\{ (machine_\w+) \}\}/g)].map(found => found[1]!);
    assert.deepEqual(asked.sort(), ['machine_project', 'machine_zone']);
    for (const file of files('infra/ansible/inventories/*.yml')) {
      const inventory = parse(read(file));
      assert.deepEqual(inventory.hostnames, ['name'], file);
      for (const name of asked) assert.ok(name in inventory.compose, `${file} says no ${name}`);
    }
  });
});
