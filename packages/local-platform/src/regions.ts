/** The processes of one region's data layer: etcd, Patroni with PostgreSQL, HAProxy, Redis. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareBackup, archiveCommand } from './backup-files.ts';
import { otherRegion, type MemberConfig, type RegionConfig } from './config.ts';
import { serverLaunch, type Context } from './context.ts';
import { answersOk, getJson, tcpAnswers } from './probes.ts';
import { makeFolder, writePrivate } from './settings.ts';
import type { ProcessSpec } from './supervisor.ts';
import { renderRole, type Variables } from './templates.ts';

const host = '127.0.0.1';

/** Variables of etcd.yml.j2 for a region. */
export function etcdVariables(region: RegionConfig, stateDir: string): Variables {
  const { name, clientPort, peerPort } = region.etcd;
  return {
    etcd_name: name,
    etcd_data_dir: join(stateDir, name, 'data'),
    etcd_client_url: `http://${host}:${clientPort}`,
    etcd_peer_url: `http://${host}:${peerPort}`,
    etcd_initial_cluster: `${name}=http://${host}:${peerPort}`,
    etcd_cluster_token: region.id,
  };
}

/** Variables of haproxy.cfg.j2 for a region. */
export function haproxyVariables(region: RegionConfig): Variables {
  return {
    haproxy_bind_address: host,
    haproxy_stats_port: region.haproxy.statsPort,
    haproxy_read_write_port: region.haproxy.readWritePort,
    haproxy_replication_port: region.haproxy.replicationPort,
    haproxy_read_only_port: region.haproxy.readOnlyPort,
    haproxy_members: region.members.map(member => ({ name: member.name, host, postgres_port: member.postgresPort, rest_port: member.restPort })),
  };
}

/** Variables of patroni.yml.j2 for a member. Both regions share the passwords: one is a copy of the other. */
export function patroniVariables({ config, programs }: Context, region: RegionConfig, member: MemberConfig): Variables {
  const folder = join(config.stateDir, member.name);
  const { secrets, sizes } = config;
  return {
    patroni_scope: region.id,
    patroni_name: member.name,
    patroni_restapi_listen: `${host}:${member.restPort}`,
    patroni_restapi_connect_address: `${host}:${member.restPort}`,
    patroni_restapi_password: secrets.patroniPassword,
    patroni_etcd_hosts: [`${host}:${region.etcd.clientPort}`],
    patroni_synchronous_mode: region.members.length > 1,
    // Read at the first start only: from then on the region keeps the role it was given last.
    patroni_standby_cluster: region.startsAs === 'standby' && { host, port: otherRegion(config, region.id).linkPort },
    patroni_postgresql_listen: `${host}:${member.postgresPort}`,
    patroni_postgresql_connect_address: `${host}:${member.postgresPort}`,
    patroni_data_dir: join(folder, 'data'),
    patroni_bin_dir: programs.postgresBin,
    patroni_pgpass_file: join(folder, 'pgpass'),
    patroni_superuser_password: secrets.postgresPassword,
    patroni_replication_password: secrets.replicationPassword,
    patroni_rewind_password: secrets.rewindPassword,
    patroni_hba_connection: 'host',
    patroni_allowed_networks: [`${host}/32`],
    patroni_shared_buffers: `${sizes.sharedBuffersMb}MB`,
    patroni_max_connections: 100,
    patroni_wal_keep_size: `${sizes.walKeepMb}MB`,
    patroni_max_slot_wal_keep_size: '512MB',
    patroni_unix_socket_directories: '',
    patroni_archive_command: archiveCommand(config, programs.pgbackrest, member),
  };
}

/** Renders a role's template into the process's own folder before each start. */
function fromTemplate(context: Context, name: string, role: string, template: string, variables: () => Variables): { file: string; prepare: () => void } {
  const folder = join(context.config.stateDir, name);
  const file = join(folder, template.replace(/\.j2$/, ''));
  return {
    file,
    prepare: () => {
      makeFolder(folder, context.account);
      writePrivate(file, renderRole(context.config.root, role, template, variables()), context.account);
    },
  };
}

export function etcdSpec(context: Context, region: RegionConfig): ProcessSpec {
  const { name, clientPort } = region.etcd;
  const { file, prepare } = fromTemplate(context, name, 'etcd', 'etcd.yml.j2', () => etcdVariables(region, context.config.stateDir));
  return {
    launch: serverLaunch(context, name, context.programs.etcd, ['--config-file', file]),
    kind: 'etcd', region: region.id, role: null, port: clientPort, prepare,
    healthy: async () => (await getJson<{ health: string }>(`http://${host}:${clientPort}/health`))?.health === 'true',
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 5_000, restartDelayMs: 1_000,
  };
}

export function haproxySpec(context: Context, region: RegionConfig): ProcessSpec {
  const { name, readWritePort, statsPort } = region.haproxy;
  const { file, prepare } = fromTemplate(context, name, 'haproxy', 'haproxy.cfg.j2', () => haproxyVariables(region));
  return {
    // -W: a master that starts its worker again; -db: stays in the foreground.
    launch: serverLaunch(context, name, context.programs.haproxy, ['-W', '-db', '-f', file]),
    kind: 'haproxy', region: region.id, role: null, port: readWritePort, prepare,
    healthy: () => answersOk(`http://${host}:${statsPort}/stats`),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 3_000, restartDelayMs: 1_000,
  };
}

export function redisSpec(context: Context, region: RegionConfig): ProcessSpec {
  const { name, port } = region.redis;
  const variables = { redis_port: port, redis_dir: join(context.config.stateDir, name) };
  const { file, prepare } = fromTemplate(context, name, 'redis', 'redis.conf.j2', () => variables);
  return {
    launch: serverLaunch(context, name, context.programs.redis, [file]),
    kind: 'redis', region: region.id, role: 'cache', port, prepare,
    healthy: () => tcpAnswers(port, 'PING\r\n', '+PONG'),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 3_000, restartDelayMs: 1_000,
  };
}

export function patroniSpec(context: Context, region: RegionConfig, member: MemberConfig): ProcessSpec {
  const { file, prepare: writeConfig } = fromTemplate(context, member.name, 'patroni', 'patroni.yml.j2', () => patroniVariables(context, region, member));
  const dataDir = join(context.config.stateDir, member.name, 'data');
  const prepare = () => {
    writeConfig();
    prepareBackup(context, region, member);
  };
  return {
    launch: serverLaunch(context, member.name, context.programs.patroni, [file]),
    kind: 'patroni', region: region.id, role: null, port: member.postgresPort, prepare,
    healthy: () => answersOk(`http://${host}:${member.restPort}/health`),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 12_000, restartDelayMs: 1_000,
    alsoRoots: () => postmasterPid(dataDir),
  };
}

/** The postmaster that Patroni started: it is no child of Patroni, so that it survives it. */
export function postmasterPid(dataDir: string): number[] {
  try {
    const [pid, folder] = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    // The file outlives a killed postmaster; the number may be somebody else's by now.
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return folder === dataDir && command.includes(dataDir) ? [Number(pid)] : [];
  } catch {
    return [];
  }
}
