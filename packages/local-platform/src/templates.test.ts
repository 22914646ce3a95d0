import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { completeSecrets, shiftPorts, type PlatformConfig, type PlatformSettings } from './config.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { etcdVariables, haproxyVariables, patroniVariables } from './regions.ts';
import { repositoryRoot } from './settings.ts';
import { renderRole, renderTemplate, resolveVariables } from './templates.ts';

const settings = shiftPorts(parse(readFileSync(join(import.meta.dirname, '../platform.yaml'), 'utf8')) as PlatformSettings, 0);
const config: PlatformConfig = { ...settings, root: repositoryRoot, stateDir: '/state', file: '/state/run/platform.json', portOffset: 0, secrets: completeSecrets() };
const context = { config, programs: { postgresBin: '/pg/bin', pgbackrest: '/usr/bin/pgbackrest' }, account: undefined } as unknown as Context;
const [regionA, regionB] = config.regions;

const patroni = (region = regionA!, index = 0) => parse(renderRole(config.root, 'patroni', 'patroni.yml.j2', patroniVariables(context, region, region.members[index]!)));

test('a member of region A: quick failover, one synchronous standby, no standby cluster', () => {
  const { scope, name, namespace, bootstrap, postgresql, restapi } = patroni();
  assert.deepEqual([scope, name, namespace], ['region-a', 'pg-a1', '/payments/']);
  const { dcs } = bootstrap;
  assert.deepEqual([dcs.ttl, dcs.loop_wait, dcs.retry_timeout], [10, 2, 3]);
  assert.equal(dcs.failsafe_mode, true);
  assert.equal(dcs.synchronous_mode, true);
  assert.equal(dcs.standby_cluster, undefined);
  assert.deepEqual(dcs.slots, { dr_link: { type: 'physical' } });
  assert.equal(dcs.postgresql.use_pg_rewind, true);
  assert.equal(dcs.postgresql.parameters.wal_keep_size, '32MB');
  assert.deepEqual(postgresql.basebackup, [{ checkpoint: 'fast' }]);
  assert.equal(postgresql.data_dir, '/state/pg-a1/data');
  assert.equal(restapi.authentication.password, config.secrets.patroniPassword);
  assert.equal(restapi.certfile, undefined);
});

test('every member archives its log within a minute, by its own file', () => {
  for (const region of config.regions) {
    for (const [index, member] of region.members.entries()) {
      const { postgresql, bootstrap } = patroni(region, index);
      assert.deepEqual(postgresql.parameters, {
        archive_mode: 'on', archive_timeout: 60,
        archive_command: `'/usr/bin/pgbackrest' '--config=/state/${member.name}/pgbackrest.conf' '--stanza=payments' archive-push %p`,
      });
      // In etcd it would be read once, and be one file name for all members.
      assert.equal(bootstrap.dcs.postgresql.parameters.archive_command, undefined);
    }
  }
});

test('production archives with the role\'s own defaults', () => {
  const variables = { ...patroniVariables(context, regionA!, regionA!.members[0]!), patroni_archive_command: undefined };
  const { patroni_archive_command: _, ...own } = variables;
  const { parameters } = parse(renderRole(config.root, 'patroni', 'patroni.yml.j2', own)).postgresql;
  assert.deepEqual(parameters, { archive_mode: 'on', archive_timeout: 60, archive_command: 'pgbackrest --config=/etc/pgbackrest/pgbackrest.conf --stanza=payments archive-push %p' });
});

test('region B begins as a standby cluster that reaches A through the link, with one address', () => {
  const { dcs } = patroni(regionB).bootstrap;
  assert.deepEqual(dcs.standby_cluster, { host: '127.0.0.1', port: 15425, primary_slot_name: 'dr_link', create_replica_methods: ['basebackup'] });
  assert.equal(dcs.synchronous_mode, false);
  assert.deepEqual(dcs.slots, { dr_link: { type: 'physical' } });
});

test('with certificates Patroni speaks TLS and asks callers for the password only', () => {
  const variables = { ...patroniVariables(context, regionA!, regionA!.members[0]!), patroni_tls_cert_file: '/c', patroni_tls_key_file: '/k', patroni_tls_ca_file: '/ca' };
  const { restapi, ctl } = parse(renderRole(config.root, 'patroni', 'patroni.yml.j2', variables));
  assert.deepEqual([restapi.certfile, restapi.verify_client, ctl.cacert], ['/c', 'none', '/ca']);
});

test('HAProxy asks for the right role on each port, by OPTIONS', () => {
  const text = renderRole(config.root, 'haproxy', 'haproxy.cfg.j2', haproxyVariables(regionA!));
  const sections = Object.fromEntries(text.split(/^(?=listen |frontend )/m).map(part => [part.split('\n')[0], part]));
  assert.match(sections['listen read-write']!, /bind 127\.0\.0\.1:15420\n[^]*OPTIONS \/primary\n/);
  assert.match(sections['listen replication']!, /bind 127\.0\.0\.1:15428\n[^]*OPTIONS \/leader\n/);
  assert.match(sections['listen read-only']!, /bind 127\.0\.0\.1:15429\n[^]*OPTIONS \/replica\?lag=16MB\n/);
  assert.match(sections['listen read-write']!, /on-marked-down shutdown-sessions\n/);
  assert.match(sections['listen read-write']!, /server pg-a1 127\.0\.0\.1:15421 check port 8011\n\s+server pg-a2 127\.0\.0\.1:15422 check port 8012\n/);
  assert.match(sections['frontend statistics']!, /bind 127\.0\.0\.1:8010\n/);
});

test('etcd listens on the loopback and answers HTTP, which Patroni speaks', () => {
  const etcd = parse(renderRole(config.root, 'etcd', 'etcd.yml.j2', etcdVariables(regionB!, '/state')));
  assert.equal(etcd['enable-grpc-gateway'], true);
  assert.equal(etcd['listen-client-urls'], 'http://127.0.0.1:23792');
  assert.equal(etcd['initial-cluster'], 'etcd-b=http://127.0.0.1:23802');
  assert.equal(etcd['client-transport-security'], undefined);
});

test('Redis keeps nothing on disk; with a password it wants that, with a certificate it takes TLS only', () => {
  const redis = (over = {}) => renderRole(config.root, 'redis', 'redis.conf.j2', { redis_port: 1, redis_dir: '/state/redis-a', ...over });
  assert.match(redis(), /^port 1$/m);
  assert.match(redis(), /^save ""$/m);
  assert.doesNotMatch(redis(), /requirepass|tls/);
  const closed = redis({ redis_password: 'a "b"', redis_tls_cert_file: '/c', redis_tls_key_file: '/k', redis_tls_ca_file: '/ca' });
  assert.match(closed, /^requirepass "a \\"b\\""$/m);
  assert.match(closed, /^port 0\ntls-port 1\ntls-cert-file \/c$/m);
});

test('a value with quotes and newlines stays one value', () => {
  assert.deepEqual(parse(renderTemplate('a: {{ value | to_json }}', { value: 'x"\n  b: 1' })), { a: 'x"\n  b: 1' });
});

test('a missing variable is an error that names the template', () => {
  assert.throws(() => renderRole(config.root, 'etcd', 'etcd.yml.j2', {}), /etcd\/etcd\.yml\.j2 cannot be rendered/);
});

test('defaults refer to variables that are given later, but not to each other for ever', () => {
  assert.deepEqual(resolveVariables({ a: '{{ b }}', b: '{{ c }}', c: 'x' }), { a: 'x', b: 'x', c: 'x' });
  assert.throws(() => resolveVariables({ a: 'x{{ a }}' }), /more than 5 times/);
});
