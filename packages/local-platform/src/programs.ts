/** The programs of the operating system that the platform needs, and where they are. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './settings.ts';
import { SetupError } from './setup-error.ts';

export interface Programs {
  /** Folder of initdb, postgres, pg_basebackup, pg_rewind. */
  postgresBin: string;
  patroni: string;
  patronictl: string;
  etcd: string;
  haproxy: string;
  redis: string;
  pgbackrest: string;
  prometheus: string;
  promtool: string;
  alertmanager: string;
}

const wanted: { key: Exclude<keyof Programs, 'postgresBin'>; names: string[]; debianPackage: string }[] = [
  { key: 'patroni', names: ['patroni'], debianPackage: 'patroni' },
  { key: 'patronictl', names: ['patronictl'], debianPackage: 'patroni' },
  { key: 'etcd', names: ['etcd'], debianPackage: 'etcd-server' },
  { key: 'haproxy', names: ['haproxy'], debianPackage: 'haproxy' },
  { key: 'redis', names: ['redis-server'], debianPackage: 'redis-server' },
  { key: 'pgbackrest', names: ['pgbackrest'], debianPackage: 'pgbackrest' },
  { key: 'prometheus', names: ['prometheus'], debianPackage: 'prometheus' },
  { key: 'promtool', names: ['promtool'], debianPackage: 'prometheus' },
  { key: 'alertmanager', names: ['prometheus-alertmanager', 'alertmanager'], debianPackage: 'prometheus-alertmanager' },
];

/** Newest PostgreSQL of at least 13 (pg_rewind and wal_keep_size need it). */
function findPostgresBin(): string | undefined {
  const folders = globSync(['/usr/lib/postgresql/*/bin', '/opt/homebrew/opt/postgresql@*/bin', '/usr/local/opt/postgresql@*/bin']);
  const version = (folder: string) => Number(/(?:postgresql\/|@)(\d+)\/bin$/.exec(folder)?.[1] ?? 0);
  const usable = folders.filter(folder => version(folder) >= 13 && findProgram([join(folder, 'initdb')]));
  return usable.sort((one, other) => version(other) - version(one))[0];
}

/** Where everything is. @throws SetupError listing what is missing and its Debian packages */
export function findPrograms(env: NodeJS.ProcessEnv = process.env): Programs {
  const found: Partial<Programs> = {};
  const missing: { name: string; debianPackage: string }[] = [];
  for (const { key, names, debianPackage } of wanted) {
    const file = findProgram(names, env);
    if (file) found[key] = file;
    else missing.push({ name: names.join(' or '), debianPackage });
  }
  const postgresBin = findPostgresBin();
  if (postgresBin) found.postgresBin = postgresBin;
  else missing.push({ name: 'PostgreSQL 13 or later (initdb, pg_basebackup)', debianPackage: 'postgresql' });
  if (missing.length === 0) return found as Programs;
  const packages = [...new Set(missing.map(one => one.debianPackage))];
  throw new SetupError([
    'These programs are missing:',
    ...missing.map(one => `  ${one.name.padEnd(46)} Debian package ${one.debianPackage}`),
    '',
    `  sudo apt-get install --no-install-recommends ${packages.join(' ')}`,
  ].join('\n'));
}
