/**
 * The plays, really run: six machines with Debian's own systemd, etcd, Patroni, PostgreSQL, HAProxy and pgBackRest, two regions with a
 * road between them, and payers who note what was acknowledged to them. Every result is read from the machines, never from the play.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlayResult } from './ansible.ts';
import { rootPrefix } from './machines.ts';
import { membersOf, World } from './world.ts';

const isRoot = process.getuid?.() === 0;
const words = { switch_confirmation: 'SWITCH payments' };

function assertDone({ code, output }: PlayResult): void {
  assert.equal(code, 0, output.slice(-6_000));
}

function assertRefused({ code, output }: PlayResult, why: RegExp): void {
  assert.notEqual(code, 0, `the play did what it had to refuse:\n${output.slice(-3_000)}`);
  assert.match(output, why);
}

if (!isRoot) {
  test('the plays run as root, who alone may make machines', { timeout: 1_180_000 }, context => {
    const prefix = rootPrefix();
    if (prefix) {
      const { status, stdout } = spawnSync(prefix[0]!, [...prefix.slice(1), 'env', `PATH=${process.env['PATH']}`, process.execPath, '--test', import.meta.filename], { encoding: 'utf8', timeout: 1_170_000 });
      assert.equal(status, 0, stdout);
    } else if (process.env['AIRPAY_WITHOUT_ROOT'] === '1') {
      context.skip('NOT RUN: site, rolling restart, minor upgrade, region switch, failover, failback and restore need root (namespaces), and sudo asks for a password');
    } else {
      assert.fail('The plays are run on machines made of namespaces, which needs root: run as root, allow sudo without a password, or set AIRPAY_WITHOUT_ROOT=1 to leave them out.');
    }
  });
} else {
  describe('plays', { timeout: 1_150_000 }, () => {
    let world: World;

    before(async () => {
      world = new World();
      await world.machines.start();
    });
    after(async () => world?.stop());

    test('site makes two regions of new machines', async () => {
      assertDone(await world.play('site.yml'));
      const [a, b] = await Promise.all([world.cluster('region-a'), world.cluster('region-b')]);
      assert.deepEqual(a.map(one => one.role).sort(), ['leader', 'replica', 'sync_standby']);
      assert.deepEqual(b.map(one => one.role).sort(), ['replica', 'replica', 'standby_leader']);
      assert.equal(new Set([...a, ...b].map(one => one.timeline)).size, 1);
      assert.equal(await world.writer(), 'region-a');
      // What a member says of itself is no proof of replication: the primary must be seen sending to the other region.
      assert.match(await world.sql(await world.leader('region-a'), "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"), /pg-b/);
    });

    test('etcd has three members per region and refuses who has no certificate', async () => {
      const { machines } = world;
      const tls = '--cacert /etc/airpay/tls/ca.crt --cert /etc/airpay/tls/machine.crt --key /etc/airpay/tls/machine.key';
      const members = await machines.shell('pg-a1', `curl --silent ${tls} --data '{}' https://10.10.16.11:2379/v3/cluster/member/list`);
      assert.deepEqual((JSON.parse(members) as { members: { name: string }[] }).members.map(one => one.name).sort(), membersOf('region-a'));
      await assert.rejects(machines.shell('pg-a1', 'curl --silent --fail --max-time 5 http://10.10.16.11:2379/version'));
      await assert.rejects(machines.shell('pg-a1', 'curl --silent --fail --max-time 5 --cacert /etc/airpay/tls/ca.crt https://10.10.16.11:2379/version'));
    });

    test('each service reads the file that its role wrote', async () => {
      const { machines } = world;
      // The process that runs, its command line and environment: not what the role believes.
      const process = (unit: string) => machines.shell('pg-a2', `pid=$(systemctl show --property MainPID --value ${unit}); tr '\\0' ' ' < /proc/$pid/cmdline; tr '\\0' ' ' < /proc/$pid/environ`);
      assert.match(await process('patroni'), /\/etc\/patroni\/config\.yml/);
      assert.match(await process('etcd'), /ETCD_CONFIG_FILE=\/etc\/etcd\/etcd\.yml/);
      assert.match(await process('haproxy'), /\/etc\/haproxy\/haproxy\.cfg/);
      assert.match(await process('prometheus-node-exporter'), /--web\.listen-address=10\.10\.16\.12:9100/);
      assert.match(await machines.shell('pg-a2', 'systemctl cat redis-server'), /\/etc\/redis\/redis\.conf/);
    });

    test('a load balancer that asks HAProxy is told which service has a member', async () => {
      const status = async (machine: string, path: string) => Number(await world.machines.shell(machine, `curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8010${path}`));
      assert.deepEqual(await Promise.all(['/read-write', '/replication', '/read-only'].map(path => status('pg-a2', path))), [200, 200, 200]);
      assert.deepEqual(await Promise.all(['/read-write', '/replication', '/read-only'].map(path => status('pg-b2', path))), [503, 200, 200]);
    });

    test('the database takes only TLS, and roles have what they need and no more', async () => {
      const rw = 'host=rw.region-a.db.airpay.example port=5432 dbname=ledger connect_timeout=5';
      const ask = (machine: string, user: string, sql: string, mode = 'verify-full') => world.machines.shell(machine,
        `PGPASSWORD=only-for-the-tests-4711-0123456789abcdef psql -XAtq "${rw} user=${user} sslmode=${mode} sslrootcert=/etc/airpay/tls/ca.crt" -c "${sql}"`);
      assert.equal((await ask('pg-b3', 'ledger_app', 'select ssl from pg_stat_ssl where pid = pg_backend_pid()')).trim(), 't');
      await assert.rejects(ask('pg-b3', 'ledger_app', 'select 1', 'disable'), /no pg_hba\.conf entry|no encryption/);
      await assert.rejects(ask('pg-b3', 'ledger_app', 'create table mine (id int)'), /permission denied/);
      await assert.rejects(ask('pg-b3', 'ledger_readonly', 'create table mine (id int)'), /permission denied|read-only/);
      assert.equal((await ask('pg-b3', 'ledger_app', 'select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user')).trim(), 'f');
    });

    test('a second run of site changes nothing', async () => {
      await world.sql(await world.leader('region-a'), 'CREATE TABLE payments (id text PRIMARY KEY, region text NOT NULL); GRANT SELECT, INSERT ON payments TO ledger_app');
      await world.startPayers('region-a');
      const result = await world.play('site.yml');
      assertDone(result);
      assert.deepEqual(result.changed, []);
    });

    test('--check finds the one file that somebody edited, and leaves it', async () => {
      const file = '/etc/haproxy/haproxy.cfg';
      await world.machines.shell('pg-a3', `cp ${file} /root/before && echo '# by hand' >> ${file}`);
      const result = await world.play('site.yml', {}, { arguments: ['--check', '--limit', 'pg-a3'] });
      assertDone(result);
      assert.deepEqual(result.changed.filter(one => !one.includes('Reload')), ['pg-a3: haproxy : Write the configuration']);
      assert.match(await world.machines.shell('pg-a3', `tail -n 1 ${file}; cp --preserve=all /root/before ${file}`), /by hand/);
    });

    test('a backup is taken and a restore into a scratch server brings everything back that was archived', async () => {
      const leader = await world.leader('region-a');
      await world.machines.shell(leader, 'systemctl start airpay-backup@ensure.service', 180_000);
      await world.paysAgain();
      // One statement each: several in one call are one transaction, which commits after the time that it reads.
      await world.sql(leader, "INSERT INTO payments VALUES ('restore-mark', 'region-a')");
      const mark = await world.sql(leader, "SELECT to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || '+00:00'");
      await sleep(1_200);
      await world.sql(leader, "INSERT INTO payments VALUES ('after-the-mark', 'region-a')");
      await world.sql(leader, 'SELECT pg_switch_wal()', 'postgres');
      const segment = await world.sql(leader, "SELECT pg_walfile_name(pg_current_wal_lsn() - 16777216)", 'postgres');
      await world.until(async () => await world.sql(leader, 'SELECT last_archived_wal FROM pg_stat_archiver', 'postgres') >= segment, 60_000, 'the log is not archived');
      const checks = [
        { name: 'the mark is there', database: 'ledger', sql: "SELECT count(*) = 1 FROM payments WHERE id = 'restore-mark'" },
        { name: 'nothing from after the target', database: 'ledger', sql: "SELECT count(*) = 0 FROM payments WHERE id = 'after-the-mark'" },
      ];
      assertDone(await world.play('restore.yml', { restore_machine: 'pg-a3', restore_target: mark, restore_checks: checks }));
      const result = world.readEvidence('.json') as { recovery_point: { newest_transaction_at: string }; checks: string[] };
      assert.equal(result.checks.length, 2);
      assert.ok(Date.parse(result.recovery_point.newest_transaction_at) <= Date.parse(mark) + 1);
      assert.ok(Date.parse(mark) - Date.parse(result.recovery_point.newest_transaction_at) < 5_000, 'the newest transaction is not one of just before the target');
      await assert.rejects(world.machines.shell('pg-a3', 'ls /var/lib/postgresql/restore-test'), /No such file/);
      const wrong = [{ name: 'what was never there', database: 'ledger', sql: "SELECT count(*) = 1 FROM payments WHERE id = 'never'" }];
      const metrics = () => world.machines.shell('pg-a3', 'curl --silent http://10.10.16.13:9100/metrics | grep ^restore_test_ok');
      assert.match(await metrics(), /^restore_test_ok\{region="region-a"\} 1$/m);
      assertRefused(await world.play('restore.yml', { restore_machine: 'pg-a3', restore_checks: wrong }), /restore test failed/);
      assert.match(await metrics(), /^restore_test_ok\{region="region-a"\} 0$/m);
    });

    test('the age of the backup stands in the metrics of the machine', async () => {
      const leader = await world.leader('region-a');
      await world.machines.shell(leader, 'systemctl start airpay-backup@metrics.service');
      const address = leader.replace('pg-a', '10.10.16.1');
      assert.match(await world.machines.shell(leader, `curl --silent http://${address}:9100/metrics | grep -i backup`), /backup/);
    });

    test('rolling restart: replicas first, then a switchover, then the member that led; nothing is lost', async () => {
      const started = async () => Object.fromEntries(await Promise.all(membersOf('region-a').map(async name => [name, await world.sql(name, 'SELECT pg_postmaster_start_time()', 'postgres')] as const)));
      const [old, was] = [await started(), await world.leader('region-a')];
      const result = await world.play('rolling-restart.yml', { rolling_region: 'region-a' });
      assertDone(result);
      const order = result.changed.filter(one => /Restart its server|Switch over/.test(one));
      assert.equal(order.length, 4);
      assert.deepEqual(order.slice(2), [`${was}: Switch over`, `${was}: Restart its server through Patroni`]);
      const now = await started();
      for (const name of membersOf('region-a')) assert.notEqual(now[name], old[name], `${name} was not restarted`);
      assert.notEqual(await world.leader('region-a'), was);
      await world.paysAgain();
      assert.deepEqual(await world.lost(), []);
    });

    test('minor upgrade goes the same way through the standby region', async () => {
      const was = await world.leader('region-b');
      // Each daemon that an upgraded package is for must be a new process: the old one would go on with what was mended.
      const daemons = async () => Object.fromEntries(await Promise.all(membersOf('region-b').map(async name => [name, (await world.machines.shell(name,
        'for unit in etcd patroni redis-server; do systemctl show --property MainPID --value $unit; done; pgrep --parent $(systemctl show --property MainPID --value haproxy) haproxy')).trim().split('\n')] as const)));
      // A package that these machines have in its newest release: they have no way to an archive.
      const variables = { rolling_region: 'region-b', rolling_update_cache: false, upgrade_packages: ['pgbackrest'] };
      // Patroni says nothing of an etcd that is away; to stop another would leave the region without a majority.
      const before = await daemons();
      await world.machines.shell(was, 'systemctl stop etcd');
      try {
        assertRefused(await world.play('minor-upgrade.yml', variables), /Refuse while another etcd of the region is away/);
      } finally {
        await world.machines.shell(was, 'systemctl start etcd');
      }
      const old = await daemons();
      for (const name of membersOf('region-b').filter(one => one !== was)) assert.deepEqual(old[name], before[name], `${name} was restarted all the same`);
      const result = await world.play('minor-upgrade.yml', variables);
      assertDone(result);
      assert.deepEqual(result.changed.filter(one => /Restart Patroni|Switch over/.test(one)).slice(2), [`${was}: Switch over`, `${was}: Restart Patroni, and its server with it`]);
      const now = await daemons();
      for (const name of membersOf('region-b')) assert.deepEqual(now[name]!.filter(pid => old[name]!.includes(pid)), [], `${name} still runs what it ran before`);
      assert.match(result.output, /15\.\d+ .*before, 15\.\d+ /);
      assert.deepEqual(result.changed.filter(one => one.endsWith('Upgrade its packages within their release')), []);
    });

    test('a zone is lost while payers pay: the region writes again by itself, no acknowledged payment is lost, and the zone comes back', async context => {
      const was = await world.leader('region-a');
      const last = Date.parse((await world.acknowledged()).at(-1)!.at);
      await world.machines.kill(was);
      await world.paysAgain(90_000);
      const times = (await world.acknowledged()).map(one => Date.parse(one.at)).filter(at => at >= last);
      const gapMs = Math.max(...times.slice(1).map((at, index) => at - times[index]!));
      context.diagnostic(`longest time without an acknowledged payment: ${gapMs} ms`);
      const now = await world.leader('region-a');
      assert.notEqual(now, was);
      assert.deepEqual(await world.lost(), []);
      // The standby region follows whoever leads: its way in is the load balancers' name, not a machine's.
      await world.until(async () => /pg-b/.test(await world.sql(now, "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'")), 60_000, 'the standby region does not follow the new leader');
      await world.machines.boot(was);
      const back = async () => (await world.cluster('region-a')).filter(one => ['running', 'streaming'].includes(one.state)).map(one => one.role).sort();
      await world.until(async () => (await back()).join() === 'leader,replica,sync_standby', 90_000, 'the zone did not come back');
      assert.equal(await world.leader('region-a'), now);
    });

    test('region switch refuses without the words, to the region that writes already, and while a cluster is paused', async () => {
      assertRefused(await world.play('region-switch.yml', { switch_to: 'region-b' }), /type the words/);
      assertRefused(await world.play('region-switch.yml', { switch_to: 'region-a', ...words }), /region-a writes already/);
      const pause = async (value: string) => world.machines.shell('pg-b1', `runuser -u postgres -- patronictl -c /etc/patroni/config.yml ${value} --wait`);
      await pause('pause');
      try {
        assertRefused(await world.play('region-switch.yml', { switch_to: 'region-b', ...words }), /paused \(region-b\)/);
      } finally {
        await pause('resume');
      }
      assert.equal(await world.writer(), 'region-a');
    });

    test('region switch moves the writer and loses no acknowledged payment', async () => {
      await world.commands('pg-a3');
      const result = await world.play('region-switch.yml', { switch_to: 'region-b', ...words });
      assertDone(result);
      assert.match(result.output, /none is missing/);
      assert.equal(await world.writer(), 'region-b');
      await world.paysAgain();
      assert.deepEqual(await world.lost(), []);
      assert.ok((await world.acknowledged()).slice(-5).every(one => one.region === 'region-b'));
      assert.match(await world.sql(await world.leader('region-b'), "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"), /pg-a/);
      assert.equal(await world.sql(await world.leader('region-a'), 'SHOW default_transaction_read_only', 'postgres'), 'off');
      assert.deepEqual((await world.cluster('region-a')).map(one => one.role).sort(), ['replica', 'replica', 'standby_leader']);
      assert.deepEqual((await world.commands('pg-a3')).trim().split('\n').map(line => line.split(' ').slice(0, 4).join(' ')), [
        'gcloud container clusters resize', 'kubectl --context gke-payments-region-b --namespace', 'gcloud dns record-sets update', 'gcloud container clusters resize',
      ]);
    });

    test('failover refuses without the words and while the region answers', async () => {
      assertRefused(await world.play('failover.yml', { failover_lost: 'region-b' }), /type the words/);
      assertRefused(await world.play('failover.yml', { failover_lost: 'region-b', failover_confirmation: 'region-b IS LOST' }), /still answers/);
      assert.equal(await world.writer(), 'region-b');
    });

    test('failover promotes the region that is left and counts exactly what is lost', async () => {
      const { machines } = world;
      // The road is cut first: what is acknowledged from here on reaches nobody but the region that is about to be lost.
      await machines.setLink(false);
      await sleep(1_500);
      await Promise.all(membersOf('region-b').map(name => machines.kill(name)));
      await machines.setLink(true);
      const variables = { failover_lost: 'region-b', failover_confirmation: 'region-b IS LOST' };
      await machines.shell('pg-a3', 'touch /run/gcloud-fails');
      assertRefused(await world.play('failover.yml', variables), /could not be stopped/);
      await machines.shell('pg-a3', 'rm /run/gcloud-fails');
      assertDone(await world.play('failover.yml', variables));
      assert.equal(await world.writer(), 'region-a');
      await world.paysAgain();
      const lost = (await world.lost()).sort();
      assert.ok(lost.length > 0, 'nothing was lost, so nothing was proven');
      assert.deepEqual((world.readEvidence('-result.json')['missing'] as string[]).sort(), lost);
      assert.match(await world.commands('pg-a3'), /compute instances stop pg-b1 /);
    });

    test('a region that comes back on its own does not write', async () => {
      await Promise.all(membersOf('region-b').map(name => world.machines.boot(name)));
      await world.until(async () => /Not started: .* is primary/.test(await world.machines.shell('pg-b1', 'journalctl --unit patroni --no-pager')), 60_000, 'the guard has not spoken');
      await sleep(3_000);
      assert.equal(await world.writer(), 'region-a');
    });

    test('failback rebuilds the lost region as a standby and watches it keep up', async () => {
      assertRefused(await world.play('failback.yml', { failback_region: 'region-b' }), /type the words/);
      assertDone(await world.play('failback.yml', { failback_region: 'region-b', failback_confirmation: 'region-b FOLLOWS', failback_period_seconds: 5 }));
      // What Patroni tells of a member is as old as that member's last round.
      const clusters = () => Promise.all([world.cluster('region-a'), world.cluster('region-b')]);
      await world.until(async () => new Set((await clusters()).flat().map(one => one.timeline)).size === 1, 30_000, 'the regions are not on one timeline');
      const [a, b] = await clusters();
      assert.deepEqual(b.map(one => one.role).sort(), ['replica', 'replica', 'standby_leader']);
      assert.equal(new Set([...a, ...b].map(one => one.timeline)).size, 1);
      assert.equal(await world.writer(), 'region-a');
      assert.match(await world.sql(await world.leader('region-a'), "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"), /pg-b/);
    });
  });
}
