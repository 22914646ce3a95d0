/** What each member's PostgreSQL and infra/ansible/roles/pgbackrest/files/airpay-backup need to archive and to back up: rendered files, folders. */
import { join } from 'node:path';
import type { MemberConfig, PlatformConfig, RegionConfig } from './config.ts';
import type { Context } from './context.ts';
import { makeFolder, writePrivate } from './settings.ts';
import { renderRole, type Variables } from './templates.ts';

const host = '127.0.0.1';

/** One database, whichever region leads it. */
export const STANZA = 'payments';

/** A folder per region, as production has a bucket per region. */
export function repositoryOf(config: Pick<PlatformConfig, 'stateDir'>, region: Pick<RegionConfig, 'id'>): string {
  return join(config.stateDir, 'backups', region.id);
}

/** Where a member's own files are. */
export function backupPaths(config: Pick<PlatformConfig, 'stateDir'>, member: Pick<MemberConfig, 'name'>) {
  const own = join(config.stateDir, member.name);
  return {
    configFile: join(own, 'pgbackrest.conf'),
    settingsFile: join(own, 'airpay-backup.json'),
    passwordFile: join(own, 'backup-pgpass'),
    lockFolder: join(own, 'backup-lock'),
    dataDir: join(own, 'data'),
    metricsFile: join(config.stateDir, 'backups', `${member.name}.prom`),
  };
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** PostgreSQL's archive_command for a member; %p is the file, and a percent sign of ours is written twice. */
export function archiveCommand(config: Pick<PlatformConfig, 'stateDir'>, program: string, member: MemberConfig): string {
  const words = [program, `--config=${backupPaths(config, member).configFile}`, `--stanza=${STANZA}`];
  return `${words.map(word => shellWord(word.replaceAll('%', '%%'))).join(' ')} archive-push %p`;
}

/** Variables of the role pgbackrest: as production, but a folder for a bucket, and less of everything. */
export function pgbackrestVariables({ config, programs }: Context, region: RegionConfig, member: MemberConfig): Variables {
  const paths = backupPaths(config, member);
  const own = [region, ...config.regions.filter(one => one !== region)];
  return {
    pgbackrest_stanza: STANZA,
    patroni_data_dir: paths.dataDir,
    ansible_host: host,
    pgbackrest_program: programs.pgbackrest,
    pgbackrest_config_file: paths.configFile,
    pgbackrest_postgres_port: member.postgresPort,
    // No socket: psql and pgBackRest are told the address by their environment.
    pgbackrest_postgres_socket: '',
    pgbackrest_repositories: own.map(one => ({ name: one.id, type: 'posix', path: repositoryOf(config, one) })),
    pgbackrest_cipher_pass: config.secrets.backupCipherPass,
    // Two full backups and the log of the last two differential ones: some hundred megabytes.
    pgbackrest_retention_full_type: 'count',
    pgbackrest_retention_full: 2,
    pgbackrest_retention_diff: 2,
    pgbackrest_retention_log_diff: 2,
    pgbackrest_compress_type: 'lz4',
    pgbackrest_compress_level: 1,
    pgbackrest_process_max: 1,
    // In place: the folder is beside, and a background process would outlive its database.
    pgbackrest_archive_async: false,
    pgbackrest_lock_path: paths.lockFolder,
    pgbackrest_log_path: paths.lockFolder,
    pgbackrest_log_level_file: 'off',
    pgbackrest_diff_every_hours: config.sizes.diffBackupEveryHours,
    pgbackrest_backup_timeout_seconds: 600,
    pgbackrest_patroni_url: `http://${host}:${member.restPort}`,
    pgbackrest_patroni_ca_file: '',
    pgbackrest_metrics_file: paths.metricsFile,
  };
}

/** Environment of airpay-backup and of pgBackRest for a member. */
export function backupEnvironment(config: PlatformConfig, member: MemberConfig): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', PGHOST: host, PGPASSFILE: backupPaths(config, member).passwordFile };
}

/** Writes a member's files and makes the folders, before its PostgreSQL starts. */
export function prepareBackup(context: Context, region: RegionConfig, member: MemberConfig): void {
  const { config, account } = context;
  const paths = backupPaths(config, member);
  const variables = pgbackrestVariables(context, region, member);
  for (const folder of [join(config.stateDir, 'backups'), ...config.regions.map(one => repositoryOf(config, one)), paths.lockFolder]) makeFolder(folder, account);
  writePrivate(paths.configFile, renderRole(config.root, 'pgbackrest', 'pgbackrest.conf.j2', variables), account);
  writePrivate(paths.settingsFile, renderRole(config.root, 'pgbackrest', 'airpay-backup.json.j2', variables), account);
  writePrivate(paths.passwordFile, `${host}:${member.postgresPort}:*:postgres:${config.secrets.postgresPassword}\n`, account);
}
