/**
 * The timers of the database machines: run infra/ansible/roles/pgbackrest/files/airpay-backup for each member, as systemd does in
 * production, and hand what it writes to Prometheus, as the node exporter does there.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupEnvironment, backupPaths } from './backup-files.ts';
import { joinMetrics, restoreTestMetrics } from './backup-metrics.ts';
import type { MemberConfig, PlatformConfig } from './config.ts';
import { killTree } from './process.ts';
import { readRestoreTest } from './restore-result.ts';
import { serviceAccount } from './settings.ts';

type Action = 'prepare' | 'ensure' | 'metrics';
type Log = (message: string, fields?: Record<string, unknown>) => void;

const METRICS_EVERY_MS = 15_000;
const ENSURE_EVERY_MS = 20_000;
const PREPARE_EVERY_MS = 1_000;
/** A platform that starts has other work: the first backup waits until the ledger and the portal are up. */
const FIRST_BACKUP_AFTER_MS = 30_000;
/** Longer than airpay-backup gives pgBackRest, so that it ends by itself. */
const SHORT_TIMEOUT_MS = 130_000;
const BACKUP_TIMEOUT_MS = 660_000;

export class BackupTimers {
  readonly #config: PlatformConfig;
  readonly #log: Log;
  readonly #account = serviceAccount();
  readonly #running = new Set<number>();
  readonly #waiting = new Set<() => void>();
  #stopped = false;

  constructor(config: PlatformConfig, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  start(): void {
    const members = this.#config.regions.flatMap(region => region.members);
    void this.#prepare(members).then(() => Promise.all([
      this.#pause(FIRST_BACKUP_AFTER_MS).then(() => this.#repeat('ensure', ENSURE_EVERY_MS, members)),
      this.#repeat('metrics', METRICS_EVERY_MS, members),
    ]));
  }

  /** A backup that is broken off is taken up again by the next one. */
  stop(): void {
    this.#stopped = true;
    for (const done of [...this.#waiting]) done();
    killTree([...this.#running]);
  }

  /** What the members' node exporters would answer, and the last restore test. */
  metrics(): string {
    const files = this.#config.regions.flatMap(region => region.members).map(member => ({ instance: member.name, file: backupPaths(this.#config, member).metricsFile }));
    const written = files.filter(({ file }) => existsSync(file)).map(({ instance, file }) => ({ instance, text: readFileSync(file, 'utf8') }));
    return joinMetrics(written) + restoreTestMetrics(readRestoreTest(this.#config));
  }

  /** Makes the stanza in every repository as soon as one member has a database. */
  async #prepare(members: MemberConfig[]): Promise<void> {
    while (!this.#stopped) {
      const member = members.find(one => existsSync(join(backupPaths(this.#config, one).dataDir, 'global/pg_control')));
      try {
        if (member) {
          await this.#run('prepare', member);
          return;
        }
      } catch (error) {
        this.#log('not prepared yet', { member: member?.name, error: (error as Error).message });
      }
      await this.#pause(PREPARE_EVERY_MS);
    }
  }

  async #repeat(action: Action, everyMs: number, members: MemberConfig[]): Promise<void> {
    while (!this.#stopped) {
      for (const member of members) {
        if (this.#stopped) return;
        try {
          const said = await this.#run(action, member);
          if (said.includes(' backup of ')) this.#log(said, { member: member.name });
        } catch (error) {
          // A member that is down or changes its role just now; the next round tells.
          if (!this.#stopped) this.#log(`${action} failed`, { member: member.name, error: (error as Error).message });
        }
      }
      await this.#pause(everyMs);
    }
  }

  /** Resolves with what it printed. @throws Error with its message */
  #run(action: Action, member: MemberConfig): Promise<string> {
    const program = join(this.#config.root, 'infra/ansible/roles/pgbackrest/files/airpay-backup');
    return new Promise((resolve, reject) => {
      const child = execFile('python3', [program, backupPaths(this.#config, member).settingsFile, action], {
        env: backupEnvironment(this.#config, member),
        cwd: join(this.#config.stateDir, member.name),
        timeout: action === 'ensure' ? BACKUP_TIMEOUT_MS : SHORT_TIMEOUT_MS,
        maxBuffer: 1 << 20,
        ...(this.#account && { uid: this.#account.uid, gid: this.#account.gid }),
      }, (error, stdout, stderr) => {
        this.#running.delete(child.pid ?? 0);
        if (error) reject(new Error(stderr.trim().slice(-1_000) || error.message));
        else resolve(stdout.trim());
      });
      if (child.pid !== undefined) this.#running.add(child.pid);
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }
}
