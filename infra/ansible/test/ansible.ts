/** Runs a playbook and reads what it did. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ansibleFolder } from './inventory.ts';

export interface PlayResult {
  code: number | null;
  output: string;
  /** Tasks that changed something, with their machines. */
  changed: string[];
  recap: Record<string, { ok: number; changed: number; unreachable: number; failed: number }>;
}

export interface PlayOptions {
  inventory: string;
  environment: Record<string, string>;
  variables?: Record<string, unknown>;
  arguments?: string[];
  timeoutMs?: number;
}

export async function runPlay(playbook: string, options: PlayOptions): Promise<PlayResult> {
  const { inventory, environment, variables = {}, timeoutMs = 240_000 } = options;
  const child = spawn('ansible-playbook', ['-i', inventory, playbook, '--extra-vars', JSON.stringify(variables), ...options.arguments ?? []], {
    cwd: ansibleFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: process.env['HOME'] ?? '/root', LANG: 'C.UTF-8',
      ANSIBLE_CONFIG: join(ansibleFolder, 'ansible.cfg'), ANSIBLE_CONNECTION_PLUGINS: join(import.meta.dirname, 'connection_plugins'),
      ANSIBLE_NOCOLOR: '1', ANSIBLE_FORCE_COLOR: '0', ANSIBLE_PIPELINING: '1', PYTHONDONTWRITEBYTECODE: '1', ...environment,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  clearTimeout(timer);
  return { code, output, changed: changedTasks(output), recap: readRecap(output) };
}

function changedTasks(output: string): string[] {
  let task = '';
  return output.split('\n').flatMap(line => {
    task = /^(?:TASK|RUNNING HANDLER) \[(.*)\]/.exec(line)?.[1] ?? task;
    const machine = /^changed: \[([^\] ]+)/.exec(line)?.[1];
    return machine ? [`${machine}: ${task}`] : [];
  });
}

function readRecap(output: string): PlayResult['recap'] {
  const lines = output.slice(output.lastIndexOf('PLAY RECAP')).matchAll(/^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm);
  return Object.fromEntries([...lines].map(([, machine, ok, changed, unreachable, failed]) => [machine!, { ok: Number(ok), changed: Number(changed), unreachable: Number(unreachable), failed: Number(failed) }]));
}
