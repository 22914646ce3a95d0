/**
 * Starts a fresh platform, runs the journeys, stops it, and looks that nothing is left.
 * Usage: node e2e/run.ts [arguments of playwright test]      KEEP=1 leaves the platform up.
 */
import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { environment, platform, portalUrl, resolvedConfig, root } from './platform.ts';

function playwright(args: string[]): Promise<number> {
  return new Promise(settle => {
    const cli = join(root, 'node_modules/@playwright/test/cli.js');
    const child = spawn(process.execPath, [cli, 'test', '--config', 'e2e/playwright.config.ts', ...args], { cwd: root, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('close', code => settle(code ?? 1));
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise(settle => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 });
    socket.once('connect', () => { socket.destroy(); settle(true); });
    for (const event of ['error', 'timeout'] as const) socket.once(event, () => { socket.destroy(); settle(false); });
  });
}

/** Every number of the configuration that can be a port. */
function portsOf(value: unknown): number[] {
  if (typeof value === 'number') return value >= 1024 ? [value] : [];
  return value && typeof value === 'object' ? Object.values(value).flatMap(portsOf) : [];
}

async function main(): Promise<number> {
  await platform('down', '--reset');
  const startedAt = Date.now();
  if (await platform('up') !== 0) {
    await platform('status');
    await platform('down');
    return 1;
  }
  console.log(`platform up in ${((Date.now() - startedAt) / 1000).toFixed(0)} s, ${portalUrl}`);
  const code = await playwright(process.argv.slice(2));
  if (process.env['KEEP']) return code;

  const { ports, regions } = resolvedConfig();
  await platform('down');
  const left = [];
  for (const port of portsOf([ports, regions])) if (await isListening(port)) left.push(port);
  if (left.length > 0) {
    console.error(`still listening after down: ${left.join(', ')}`);
    return 1;
  }
  return code;
}

process.exitCode = await main();
