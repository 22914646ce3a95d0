/**
 * Planned region switches there and back through the HTTP API of a running portal, as a person would click them.
 * `node drill.ts [--times 10] [--portal http://localhost:7007] [--person user:default/mira]`; prints one line per switch and a
 * summary, exit code 1 when a payment was lost or a run did not succeed. AIRPAY_TOKEN replaces the local sign-in.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

const system = 'payments';
const requestTimeoutMs = 15_000;
const startableWithinMs = 120_000;
const runWithinMs = 15 * 60_000;
const pollMs = 500;

type Precondition = { title: string; ok: boolean; detail: string };
type Plan = { from: string; to: string; hash: string; confirmation: string; startable: boolean; preconditions: Precondition[] };
type Result = { writeGapMs: number | null; acknowledgedChecked: number; acknowledgedLost: number; recoveryTimeMs: number | null };
type Run = { id: string; from: string; to: string; state: string; nextForYou: string | null; steps: { title: string; error: string | null }[]; result: Result | null };

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

/** The portal's API with a token that is renewed before it runs out. */
export class PortalClient {
  private token: { text: string; until: number } | undefined;
  private readonly baseUrl: string;
  private readonly person: string;

  constructor(baseUrl: string, person: string) {
    this.baseUrl = baseUrl;
    this.person = person;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.baseUrl}/api/airpay-dr${path}`, {
      method,
      headers: { authorization: `Bearer ${await this.bearer()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  private async bearer(): Promise<string> {
    const given = process.env['AIRPAY_TOKEN'];
    if (given) return given;
    if (this.token && Date.now() < this.token.until) return this.token.text;
    const response = await fetch(`${this.baseUrl}/api/auth/localPeople/refresh`, {
      headers: { 'x-airpay-person': this.person, 'x-requested-with': 'XMLHttpRequest' },
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (!response.ok) throw new Error(`Signing in as ${this.person} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    const answer = (await response.json()) as { backstageIdentity: { token: string } };
    // Tokens live an hour; five minutes are well within.
    this.token = { text: answer.backstageIdentity.token, until: Date.now() + 5 * 60_000 };
    return this.token.text;
  }
}

async function startablePlan(portal: PortalClient): Promise<Plan> {
  const end = Date.now() + startableWithinMs;
  let why = 'the active region is not known';
  while (Date.now() < end) {
    const { activeRegion, regions } = await portal.call<{ activeRegion: string | null; regions: { id: string }[] }>('GET', `/systems/${system}`);
    const to = activeRegion && regions.find(region => region.id !== activeRegion)?.id;
    if (to) {
      const plan = await portal.call<Plan>('POST', '/plans', { plan: 'planned-region-switch', system, to });
      if (plan.startable) return plan;
      why = plan.preconditions.filter(one => !one.ok).map(one => `${one.title}: ${one.detail}`).join('; ');
    }
    await sleep(pollMs);
  }
  throw new Error(`No switch can be started: ${why}`);
}

/** One switch from click to end. @throws Error when the run needs a person or does not end in time */
export async function switchOnce(portal: PortalClient): Promise<Run> {
  const plan = await startablePlan(portal);
  const id = randomUUID();
  const { to, hash: planHash, confirmation } = plan;
  await portal.call('POST', '/runs', { id, plan: 'planned-region-switch', system, to, planHash, confirmation, reason: 'Drill of the region switch' });
  const end = Date.now() + runWithinMs;
  while (Date.now() < end) {
    const run = await portal.call<Run>('GET', `/runs/${id}`);
    if (run.state === 'succeeded') return run;
    if (run.state !== 'running') {
      const errors = run.steps.filter(step => step.error).map(step => `${step.title}: ${step.error}`);
      throw new Error(`Run ${id} is ${run.state}. ${errors.join('; ')} ${run.nextForYou ?? ''}`);
    }
    await sleep(pollMs);
  }
  throw new Error(`Run ${id} did not end within ${runWithinMs} ms`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      times: { type: 'string', default: '10' },
      portal: { type: 'string', default: process.env['AIRPAY_PORTAL_URL'] ?? 'http://localhost:7007' },
      person: { type: 'string', default: 'user:default/mira' },
    },
  });
  const times = Number(values.times);
  if (!Number.isInteger(times) || times < 1 || times > 1_000) throw new Error('--times must be a whole number from 1 to 1000');
  const portal = new PortalClient(values.portal.replace(/\/+$/, ''), values.person);
  const gaps: number[] = [];
  let [checked, lost] = [0, 0];
  for (let count = 1; count <= times; count += 1) {
    const { from, to, result } = await switchOnce(portal);
    console.log(`${String(count).padStart(3)}  ${from} → ${to}  write gap ${result?.writeGapMs ?? 'unknown'} ms, to the first payment ${result?.recoveryTimeMs ?? 'unknown'} ms, ${result?.acknowledgedChecked ?? 0} acknowledged checked, ${result?.acknowledgedLost ?? 0} lost`);
    if (result?.writeGapMs != null) gaps.push(result.writeGapMs);
    checked += result?.acknowledgedChecked ?? 0;
    lost += result?.acknowledgedLost ?? 0;
  }
  gaps.sort((left, right) => left - right);
  console.log(`${times} switches: write gap median ${gaps[Math.floor(gaps.length / 2)] ?? 'unknown'} ms, longest ${gaps.at(-1) ?? 'unknown'} ms; ${checked} acknowledged payments checked, ${lost} lost`);
  return lost > 0 || gaps.length < times ? 1 : 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
