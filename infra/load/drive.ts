/**
 * The same profiles, payments and judgement without k6, for small rates: `node infra/load/drive.ts --profile ramp --rate 20 --seconds 60
 * --url http://127.0.0.1:14011 --accounts accounts.json`; the key is LEDGER_API_KEY. A profile is shortened to --seconds and says so.
 * Exit code 1 when an objective was broken or the rate was not kept.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Objectives } from './objectives.ts';
import { payment } from './payments.js';
import { profiles, shortened } from './profiles.js';
import { declined, failed, holds, made, slow } from './sli.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** Waiting at once; beyond it a payment is dropped and counted, as k6 drops it. */
const IN_FLIGHT_MAX = 200;

export interface Outcome {
  profile: string;
  highestRate: number;
  seconds: number;
  sent: number;
  made: number;
  declined: number;
  failed: number;
  slow: number;
  dropped: number;
  p50Ms: number;
  p99Ms: number;
  problems: string[];
}

/** Moments, in milliseconds from the start, at which payments are sent: the integral of the rate, one for each whole number. */
export function schedule(stages: readonly [number, number][], highest: number): number[] {
  const moments: number[] = [];
  let [from, begun, due] = [stages[0]![0], 0, 0];
  const step = 0.001;
  for (const [part, length] of stages) {
    for (let at = 0; at < length; at += step) {
      due += highest * (from + (part - from) * (at / length)) * step;
      if (due >= 1) {
        due -= 1;
        moments.push((begun + at) * 1000);
      }
    }
    begun += length;
    from = part;
  }
  return moments;
}

export interface Answer {
  status: number;
  ms: number;
}

/** What is wrong, by the objectives. */
export function judge(counts: { sent: number; failed: number; slow: number; dropped: number; made: number }, objectives: Objectives): string[] {
  return [
    ...(counts.sent === 0 ? ['nothing was sent'] : []),
    ...(counts.sent > 0 && counts.made === 0 ? ['no payment was made: whatever was measured, it was no payments'] : []),
    ...(counts.sent > 0 && !holds(counts.failed, counts.sent, objectives.availabilityPercent) ? [`${counts.failed} of ${counts.sent} failed; the objective is ${objectives.availabilityPercent} %`] : []),
    ...(counts.sent > 0 && !holds(counts.slow, counts.sent, objectives.latencyPercent) ? [`${counts.slow} of ${counts.sent} took longer than ${objectives.latencyMs} ms; the objective is ${objectives.latencyPercent} %`] : []),
    ...(counts.dropped > 0 ? [`${counts.dropped} were never sent: the rate was not kept`] : []),
  ];
}

/** Sends payments by a profile's shape and judges the answers. */
export async function drive(profile: string, { rate, seconds, objectives, send }: { rate: number; seconds: number; objectives: Objectives; send: (id: string) => Promise<Answer> }): Promise<Outcome> {
  if (!(profile in profiles)) throw new Error(`there is no profile ${profile}; there are ${Object.keys(profiles).join(', ')}`);
  const answers: Answer[] = [];
  const underWay = new Set<Promise<void>>();
  let dropped = 0;
  const startedAt = performance.now();
  for (const moment of schedule(shortened(profile as keyof typeof profiles, seconds) as [number, number][], rate)) {
    const wait = startedAt + moment - performance.now();
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
    if (underWay.size >= IN_FLIGHT_MAX) {
      dropped++;
      continue;
    }
    const task: Promise<void> = send(`load-${randomUUID()}`).then(answer => void answers.push(answer)).finally(() => underWay.delete(task));
    underWay.add(task);
  }
  await Promise.all(underWay);
  const times = answers.map(answer => answer.ms).sort((one, other) => one - other);
  const at = (part: number) => Math.round((times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0) * 10) / 10;
  const count = (test: (answer: Answer) => boolean) => answers.filter(test).length;
  const counts = { sent: answers.length, made: count(one => made(one.status)), declined: count(one => declined(one.status)), failed: count(one => failed(one.status)), slow: count(one => slow(one.ms, objectives)), dropped };
  return { profile, highestRate: rate, seconds: Math.round((performance.now() - startedAt) / 100) / 10, ...counts, p50Ms: at(0.5), p99Ms: at(0.99), problems: judge(counts, objectives) };
}

/** One payment over HTTP. Never throws: no answer is status 0. */
export function sender(url: string, key: string, accounts: string[]): (id: string) => Promise<Answer> {
  return async id => {
    const { path, headers, body } = payment(accounts, Math.random, id);
    const startedAt = performance.now();
    try {
      const response = await fetch(`${url}${path}`, { method: 'POST', headers: { ...headers, authorization: `Bearer ${key}` }, body, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
      await response.arrayBuffer();
      return { status: response.status, ms: performance.now() - startedAt };
    } catch {
      return { status: 0, ms: performance.now() - startedAt };
    }
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { profile: { type: 'string', default: 'ramp' }, rate: { type: 'string', default: '20' }, seconds: { type: 'string', default: '60' }, url: { type: 'string' }, accounts: { type: 'string' } } });
  const key = process.env['LEDGER_API_KEY'];
  if (!values.url || !values.accounts || !key) throw new Error('--url, --accounts and the environment variable LEDGER_API_KEY are needed');
  const objectives = JSON.parse(readFileSync(join(import.meta.dirname, 'objectives.json'), 'utf8')) as Objectives;
  const accounts = JSON.parse(readFileSync(values.accounts, 'utf8')) as string[];
  const before = loadavg()[0]!;
  const outcome = await drive(values.profile, { rate: Number(values.rate), seconds: Number(values.seconds), objectives, send: sender(values.url, key, accounts) });
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown', memoryGb: Math.round(totalmem() / 2 ** 30), loadBefore: before, loadAfter: loadavg()[0]! };
  console.log(JSON.stringify({ at: new Date().toISOString(), machine, ...outcome }, null, 2));
  return outcome.problems.length > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
