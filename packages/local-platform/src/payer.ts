/**
 * The program of the payer; see payer-server.ts.
 * `node payer.ts <platform.json>`: customers of the local platform, and the synthetic payment.
 * `node payer.ts`: the synthetic payment alone, as it runs in production. Settings from the environment:
 *   PAYER_LEDGER_URL    the name payers use, https:// (http:// on this machine)
 *   PAYER_API_KEY_FILE  read at each request: a rotated key needs no restart
 *   PAYER_STATE_DIR     where the record of acknowledged payments is kept
 *   PAYER_HOST, PAYER_PORT (127.0.0.1, 8080), PAYER_EVERY_SECONDS (5)
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PlatformConfig } from './config.ts';
import { startPayer, type PayerOptions } from './payer-server.ts';
import { runProgram, runUntilStopped } from './program-kit.ts';

const KEY_MAX_BYTES = 4_096;

function readSettings(env: NodeJS.ProcessEnv): PayerOptions {
  const faults: string[] = [];
  const text = (name: string, fallback?: string) => {
    const value = env[name] || fallback;
    if (value === undefined) faults.push(`${name} is missing`);
    return value ?? '';
  };
  const whole = (name: string, fallback: number, min: number, max: number) => {
    const value = text(name, String(fallback));
    if (!/^\d+$/.test(value) || Number(value) < min || Number(value) > max) faults.push(`${name} must be a whole number from ${min} to ${max}`);
    return Number(value);
  };
  const url = text('PAYER_LEDGER_URL');
  const front = URL.canParse(url) ? new URL(url) : undefined;
  const safe = front?.protocol === 'https:' || (front?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(front.hostname));
  if (url !== '' && (!safe || front.pathname !== '/')) faults.push('PAYER_LEDGER_URL must be https:// and a host, or http:// on this machine');
  const keyFile = text('PAYER_API_KEY_FILE');
  const apiKey = () => readFileSync(keyFile, 'utf8').slice(0, KEY_MAX_BYTES).trim();
  const stateDir = text('PAYER_STATE_DIR');
  const port = whole('PAYER_PORT', 8080, 1, 65_535);
  const everySeconds = whole('PAYER_EVERY_SECONDS', 5, 5, 3_600);
  if (keyFile !== '') check(() => apiKey() !== '', 'PAYER_API_KEY_FILE cannot be read or is empty', faults);
  if (stateDir !== '') check(() => accessSync(stateDir, constants.W_OK) === undefined, 'PAYER_STATE_DIR cannot be written to', faults);
  if (faults.length > 0) throw new Error(`the environment is not usable:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
  return { port, host: text('PAYER_HOST', '127.0.0.1'), front: front!, apiKey, hostName: front!.host, logFile: path.join(stateDir, 'acknowledged.jsonl'), paymentsPerSecond: 0, syntheticEveryMs: everySeconds * 1_000 };
}

function check(test: () => boolean, fault: string, faults: string[]): void {
  try {
    if (test()) return;
  } catch {
    // Said below, without the path's content.
  }
  faults.push(fault);
}

if (process.argv[2] === undefined) {
  await runUntilStopped('payer', async log => (await startPayer(readSettings(process.env), log)).stop);
} else {
  await runProgram<PlatformConfig>('payer', async (config, log) => {
    const payer = await startPayer(
      {
        port: config.ports.payer,
        front: config.ports.front,
        apiKey: config.secrets.ledgerApiKey,
        hostName: 'ledger.pay.airpay.example',
        logFile: path.join(config.stateDir, 'payer', 'acknowledged.jsonl'),
        paymentsPerSecond: config.sizes.paymentsPerSecond,
        syntheticEveryMs: 5_000,
      },
      log,
    );
    return payer.stop;
  });
}
