/** Reads platform.yaml and the installation's own file; decides where the state of this installation lives. */
import { createHash } from 'node:crypto';
import { accessSync, chownSync, constants, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { checkSettings, completeSecrets, parsePortOffset, shiftPorts, type PlatformConfig, type PlatformSettings } from './config.ts';
import type { Account } from './process.ts';
import { SetupError } from './setup-error.ts';

/** The repository this file belongs to. */
export const repositoryRoot = resolve(import.meta.dirname, '../../..');

/**
 * The account PostgreSQL and its companions run as. They refuse root, so root uses Debian's `postgres`.
 * @throws SetupError when we are root and there is no such account
 */
export function serviceAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find(one => one.startsWith('postgres:'));
  if (!line) throw new SetupError('Running as root needs the account "postgres" (Debian package postgresql), since PostgreSQL refuses root.');
  const [, , uid, gid, , home] = line.split(':');
  return { uid: Number(uid), gid: Number(gid), home: home ?? '/' };
}

/** Whether that account may walk down to this folder. */
function canReach(folder: string, account: Account): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path)) {
      const { mode, uid, gid } = statSync(path);
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (path === dirname(path)) return true;
  }
}

/**
 * The state folder: AIRPAY_STATE_DIR, else `.local` in the repository. When root keeps the repository
 * where the service account cannot go (/root), /var/lib/airpay-portal/<id> instead.
 */
export function stateDirectory(root: string, env: NodeJS.ProcessEnv, account: Account | undefined): string {
  const given = env['AIRPAY_STATE_DIR'];
  const folder = resolve(root, given || '.local');
  if (!account || canReach(folder, account)) return folder;
  if (given) throw new SetupError(`AIRPAY_STATE_DIR ${folder} cannot be reached by the account "postgres"; choose a folder below one that everybody may enter.`);
  return join('/var/lib/airpay-portal', createHash('sha256').update(root).digest('hex').slice(0, 12));
}

export function platformFile(stateDir: string): string {
  return join(stateDir, 'run/platform.json');
}

/** The configuration of the installation in this state folder, or undefined before its first start. @throws SetupError when damaged */
export function readPlatform(stateDir: string): PlatformConfig | undefined {
  const file = platformFile(stateDir);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PlatformConfig;
  } catch {
    throw new SetupError(`${file} is damaged. It holds the passwords of the databases; bring it back, or start anew with: make down RESET=1`);
  }
}

/**
 * Resolves the configuration from platform.yaml, the environment and what this installation has already.
 * @throws SetupError listing everything that is wrong
 */
export function resolvePlatform(root: string, stateDir: string, env: NodeJS.ProcessEnv): PlatformConfig {
  const existing = readPlatform(stateDir);
  const settingsFile = join(root, 'packages/local-platform/platform.yaml');
  let portOffset: number;
  try {
    // An installation keeps its ports until told otherwise: addresses stand in catalogs and bookmarks.
    portOffset = env['AIRPAY_PORT_OFFSET'] ? parsePortOffset(env['AIRPAY_PORT_OFFSET']) : (existing?.portOffset ?? 0);
  } catch (error) {
    throw new SetupError((error as Error).message);
  }
  const settings = shiftPorts(parse(readFileSync(settingsFile, 'utf8')) as PlatformSettings, portOffset);
  const problems = checkSettings(settings);
  if (problems.length > 0) throw new SetupError([`${settingsFile} cannot be used:`, ...problems.map(one => `  - ${one}`)].join('\n'));
  const { ports, regions, sizes } = settings;
  return { root, stateDir, file: platformFile(stateDir), portOffset, ports, regions, sizes, secrets: completeSecrets(existing?.secrets) };
}

/** Writes the configuration for every program of the platform; readable by its owner only. */
export function writePlatform(config: PlatformConfig): void {
  makeFolder(dirname(config.file));
  const next = `${config.file}.next`;
  writeFileSync(next, JSON.stringify(config, null, 2), { mode: 0o600 });
  renameSync(next, config.file);
}

/** Makes a folder, its parents open to walk through; with an account it is private to that account. */
export function makeFolder(folder: string, account?: Account): string {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (account) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** Writes a rendered configuration file that holds secrets; private to the account that reads it. */
export function writePrivate(file: string, text: string, account?: Account): void {
  makeFolder(dirname(file), account);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(`${file}.next`, text, { mode: 0o600 });
  if (account) chownSync(`${file}.next`, account.uid, account.gid);
  renameSync(`${file}.next`, file);
}

/** First of the given names found as an executable in PATH or the system folders. */
export function findProgram(names: string[], env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = `${env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/bin`.split(':').filter(Boolean);
  for (const name of names) {
    for (const file of name.startsWith('/') ? [name] : folders.map(folder => join(folder, name))) {
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        continue;
      }
    }
  }
  return undefined;
}

/** The name of who runs this, for messages. */
export function whoAmI(): string {
  return userInfo().username;
}
