/** The platform of the journeys: its own folder and ports, so that it runs beside one that is up. */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
export const portOffset = Number(process.env['AIRPAY_E2E_PORT_OFFSET'] ?? 1000);
export const stateDir = process.env['AIRPAY_E2E_STATE_DIR'] ?? join(root, '.local/e2e');
export const portalUrl = `http://localhost:${7007 + portOffset}`;

export const environment: NodeJS.ProcessEnv = { ...process.env, AIRPAY_PORT_OFFSET: String(portOffset), AIRPAY_STATE_DIR: stateDir };

const main = join(root, 'packages/local-platform/src/main.ts');

/** Runs a command of the local platform with its output on this terminal; resolves with the exit code. */
export function platform(...args: string[]): Promise<number> {
  return new Promise(settle => {
    const child = spawn(process.execPath, [main, ...args], { cwd: root, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('close', code => settle(code ?? 1));
  });
}

export interface PlatformProcess {
  name: string;
  kind: string;
  region: string | null;
  role: string | null;
  port: number | null;
  state: string;
  pid: number | null;
  memoryBytes?: number;
}

/** What `make status JSON=1` prints. Exit code 1 (something is not healthy) is an answer too. */
export function status(): Promise<{ processes: PlatformProcess[] }> {
  return new Promise((settle, reject) => {
    execFile(process.execPath, [main, 'status', '--json'], { cwd: root, env: environment, timeout: 30_000 }, (error, stdout) => {
      try {
        settle(JSON.parse(stdout));
      } catch (cause) {
        reject(new Error(`status --json printed no JSON: ${stdout.slice(0, 200)}`, { cause: error ?? cause }));
      }
    });
  });
}

/** Addresses and secrets of the running platform, as its programs read them. */
export function resolvedConfig(): { ports: Record<string, number>; regions: unknown[]; secrets: Record<string, string> } {
  return JSON.parse(readFileSync(join(stateDir, 'run/platform.json'), 'utf8'));
}
