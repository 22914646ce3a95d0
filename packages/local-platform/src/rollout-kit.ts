/** A rollout of the ledger under load, as the cluster does it: for tests. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ledgerName, type PlatformConfig, type RegionConfig } from './config.ts';
import { runDir } from './context.ts';
import { startFront } from './front-server.ts';
import { ledgerSpec } from './own-programs.ts';
import { ledgerHttp } from './payer-http.ts';
import { Supervisor } from './supervisor.ts';

const callers = 6;
/** Between two payments of one caller: a load, and not the end of the machine. */
const pauseMs = 10;
const lookUpMax = 500;

export interface Rollout {
  sent: number;
  /** Everything that was not answered 201, in words. */
  failed: string[];
  /** Acknowledged payments that the ledger does not know afterwards. */
  unknown: string[];
  /** Processes that were ended and came back. */
  replaced: number;
}

/**
 * Starts the region's ledger processes and a traffic front before them, pays without pause and without ever asking again, and
 * meanwhile ends one process after another: SIGTERM, it drains and ends, a new one starts and becomes ready, then the next.
 * The region must have a migrated primary; its ledger ports must be free.
 */
export async function rollOutUnderLoad(config: PlatformConfig, region: RegionConfig, { processes, rounds }: { processes: number; rounds: number }): Promise<Rollout> {
  const supervisor = new Supervisor(runDir(config), () => undefined);
  const names = Array.from({ length: processes }, (_, index) => {
    supervisor.add(ledgerSpec(config, region, index));
    return ledgerName(region, index);
  });
  await Promise.all(names.map(name => supervisor.start(name)));
  const { dnsToken, controlToken, ledgerApiKey } = config.secrets;
  const front = await startFront({ publicPort: 0, dnsPort: 0, regions: [region], stateFile: join(config.stateDir, 'rollout-front.json'), dnsToken, controlToken }, () => undefined);
  const ledger = ledgerHttp(front.publicPort, ledgerApiKey, 'ledger.pay.airpay.example');
  try {
    await openAccount(ledger);
    const load = payWithoutPause(ledger);
    const before = names.map(name => supervisor.get(name)!.pid);
    let replaced = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, name] of names.entries()) {
        await supervisor.stop(name);
        await supervisor.start(name);
        const { pid } = supervisor.get(name)!;
        if (pid !== before[index]) replaced += 1;
        before[index] = pid;
      }
    }
    const { acknowledged, failed } = await load.stop();
    return { sent: acknowledged.length + failed.length, failed, unknown: await missing(ledger, acknowledged), replaced };
  } finally {
    ledger.close();
    await front.stop();
    await Promise.all(names.map(name => supervisor.remove(name)));
    supervisor.close();
  }
}

type Ledger = ReturnType<typeof ledgerHttp>;

const account = { id: 'merchant:rollout', owner: 'Rollout', currency: 'USD', type: 'liability' };

async function openAccount(ledger: Ledger): Promise<void> {
  const { status } = await ledger.call('POST', '/v1/accounts', account, randomUUID());
  if (status !== 201 && status !== 200) throw new Error(`opening ${account.id} answered ${status}`);
}

/** Each caller pays, waits for the answer, and pays again. Nothing is repeated: what fails once has failed. */
function payWithoutPause(ledger: Ledger) {
  const acknowledged: string[] = [];
  const failed: string[] = [];
  let stopped = false;
  const payment = { debitAccountId: 'cash-clearing:usd', creditAccountId: account.id, amountMinor: '1', currency: 'USD' };
  const one = async () => {
    try {
      const { status, body } = await ledger.call('POST', '/v1/transfers', payment, randomUUID());
      if (status === 201) acknowledged.push(String(body['id']));
      else failed.push(`${status} ${String(body['code'])}`);
    } catch (error) {
      failed.push((error as Error).message);
    }
  };
  const caller = async () => {
    while (!stopped) {
      await one();
      await wait(pauseMs);
    }
  };
  const running = Promise.all(Array.from({ length: callers }, caller));
  return {
    stop: async () => {
      stopped = true;
      await running;
      return { acknowledged, failed };
    },
  };
}

async function missing(ledger: Ledger, ids: string[]): Promise<string[]> {
  const missed: string[] = [];
  for (let start = 0; start < ids.length; start += lookUpMax) {
    const { status, body } = await ledger.call('POST', '/v1/transfers/lookup', { ids: ids.slice(start, start + lookUpMax) });
    if (status !== 200) throw new Error(`the look-up answered ${status}`);
    missed.push(...(body['missing'] as string[]));
  }
  return missed;
}
