/** Puts the payer together: accounts, the load, the synthetic payment and the pages it answers. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { listen, router } from './http-kit.ts';
import { payerRoutes } from './payer-api.ts';
import { ledgerHttp } from './payer-http.ts';
import { paymentLoad } from './payer-load.ts';
import { acknowledgedLog } from './payer-log.ts';
import { payerMetrics, type PayerMetrics } from './payer-metrics.ts';
import { accountPlans, initialFunding, nextPauseMs, SYNTHETIC_CUSTOMER, SYNTHETIC_MERCHANT, type AccountPlan, type Intent } from './payer-plan.ts';
import { untilAnswered, type Outcome } from './payer-retry.ts';
import { SYNTHETIC_LIMIT_MS, syntheticPayment } from './payer-synthetic.ts';
import type { Log } from './program-kit.ts';

export type PayerOptions = {
  port: number;
  /** Where it is listened; this machine only when absent. */
  host?: string;
  /** The traffic front; payers know no other address. */
  front: number | URL;
  apiKey: string | (() => string);
  hostName: string;
  logFile: string;
  /** 0: the synthetic payment alone, and none of the sample accounts. */
  paymentsPerSecond: number;
  syntheticEveryMs: number;
};

/** Starts the server and, as soon as the ledger answers, the payments. */
export async function startPayer(options: PayerOptions, log: Log) {
  const ledger = ledgerHttp(options.front, options.apiKey, options.hostName);
  const acknowledged = acknowledgedLog(options.logFile, Date.now);
  const metrics = payerMetrics();
  const ending = new AbortController();
  const stopped = () => ending.signal.aborted;
  const pause = (ms: number) => wait(ms, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
  const carry = async (traffic: 'load' | 'synthetic', intent: Intent, idempotencyKey: string): Promise<Outcome> => {
    const { kind, amountMinor, ...rest } = intent;
    const body = { ...rest, amountMinor: String(amountMinor) };
    const observe = (status: number) => metrics.requests.inc({ kind: traffic, code: String(status) });
    const tools = { nowMs: Date.now, pause, random: Math.random, observe, stopped };
    const outcome = await untilAnswered(() => ledger.call('POST', '/v1/transfers', body, idempotencyKey), tools);
    metrics.payments.inc({ intent: traffic === 'synthetic' ? 'synthetic' : kind, result: outcome.state });
    if (outcome.state === 'acknowledged') {
      const at = new Date().toISOString();
      acknowledged.add({ transferId: outcome.transferId, idempotencyKey, amountMinor: body.amountMinor, currency: intent.currency, at, kind: traffic === 'synthetic' ? 'synthetic' : kind });
    } else if (outcome.state === 'unknown' || kind !== 'decline') {
      log('payment not acknowledged', { kind, idempotencyKey, ...outcome });
    }
    return outcome;
  };
  const server = await listen('payer', options.port, router(payerRoutes(acknowledged, metrics, Date.now)), options.host);
  const working = work(options, { ledger, metrics, carry, pause, stopped, log }).catch(error =>
    log('payer stopped working', { error: String(error) }));
  return {
    port: server.port,
    stop: async () => {
      ending.abort();
      await Promise.all([server.close(), Promise.race([working, wait(1_000)])]);
      ledger.close();
      acknowledged.close();
    },
  };
}

type Work = {
  ledger: ReturnType<typeof ledgerHttp>;
  metrics: PayerMetrics;
  carry: (traffic: 'load' | 'synthetic', intent: Intent, idempotencyKey: string) => Promise<Outcome>;
  pause: (ms: number) => Promise<unknown>;
  stopped: () => boolean;
  log: Log;
};

async function work(options: PayerOptions, parts: Work): Promise<void> {
  const balances = new Map<string, bigint>();
  for (const account of options.paymentsPerSecond > 0 ? accountPlans() : []) {
    await openAccount(account, parts, balances);
  }
  const others = new Map<string, bigint>();
  for (const account of [SYNTHETIC_CUSTOMER, SYNTHETIC_MERCHANT]) await openAccount(account, parts, others);
  if (parts.stopped()) return;
  parts.log('paying', { accounts: balances.size + others.size, perSecond: options.paymentsPerSecond });
  await Promise.all([payLoad(options, parts, balances), paySynthetic(options, parts)]);
}

/** Creates the account (or finds it again) and learns its balance; waits as long as it takes. */
async function openAccount(account: AccountPlan, parts: Work, balances: Map<string, bigint>): Promise<void> {
  while (!parts.stopped()) {
    try {
      const { status, body } = await parts.ledger.call('POST', '/v1/accounts', account, randomUUID());
      parts.metrics.requests.inc({ kind: 'load', code: String(status) });
      if (status === 200 || status === 201) {
        balances.set(account.id, BigInt(String(body.postedMinor)));
        // The key is made of the id, so that a start cut short never funds an account twice.
        if (account.id.startsWith('customer:') && String(body.version) === '0') {
          const funding = initialFunding(account);
          const outcome = await parts.carry('load', funding, `opening-top-up:${account.id}`);
          if (outcome.state === 'acknowledged') balances.set(account.id, funding.amountMinor);
        }
        return;
      }
      if (status >= 400 && status < 500 && status !== 429) {
        parts.log('account refused', { account: account.id, status, code: body.code });
      }
    } catch {
      parts.metrics.requests.inc({ kind: 'load', code: '0' });
    }
    await parts.pause(500);
  }
}

async function payLoad(options: PayerOptions, parts: Work, balances: Map<string, bigint>): Promise<void> {
  const load = paymentLoad(balances, {
    transfer: (intent, key) => parts.carry('load', intent, key),
    random: Math.random,
    skipped: () => parts.metrics.skipped.inc(),
    inFlight: count => parts.metrics.inFlight.set(count),
  });
  while (!parts.stopped() && options.paymentsPerSecond > 0) {
    await parts.pause(nextPauseMs(options.paymentsPerSecond, Math.random()));
    if (!parts.stopped()) load.startNext();
  }
  await load.settled();
}

/** One result each interval: a payment still hanging when the next is due means that one failed. */
async function paySynthetic(options: PayerOptions, parts: Work): Promise<void> {
  let running = false;
  const once = async () => {
    running = true;
    const startedMs = Date.now();
    const checked = await syntheticPayment({
      read: async (id, minVersion) => {
        const answer = await parts.ledger.call('GET', `/v1/accounts/${encodeURIComponent(id)}?minVersion=${minVersion}`);
        parts.metrics.requests.inc({ kind: 'synthetic', code: String(answer.status) });
        return answer;
      },
      transfer: (intent, key) => parts.carry('synthetic', intent, key),
    });
    running = false;
    const tookMs = Date.now() - startedMs;
    const ok = checked.ok && tookMs <= SYNTHETIC_LIMIT_MS;
    if (parts.stopped() && !ok) return;
    parts.metrics.synthetic.inc({ result: ok ? 'ok' : 'failed' });
    parts.metrics.syntheticDuration.observe(tookMs / 1_000);
    if (!ok) parts.log('synthetic payment failed', { tookMs, ...checked });
  };
  while (!parts.stopped()) {
    if (running) parts.metrics.synthetic.inc({ result: 'failed' });
    else void once();
    await parts.pause(options.syntheticEveryMs);
  }
}
