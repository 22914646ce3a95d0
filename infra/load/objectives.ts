/** Writes objectives.json, which k6 can read, from infra/slo/ledger.yaml, which it cannot. `--check` ends with 1 when it is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const target = join(import.meta.dirname, 'objectives.json');
const specification = join(import.meta.dirname, '../slo/ledger.yaml');

export interface Objectives {
  availabilityPercent: number;
  latencyPercent: number;
  latencyMs: number;
}

/** @throws Error when the objectives are not what the load test knows how to judge */
export function objectivesOf(document: any): Objectives {
  const slo = (name: string) => {
    const found = document.spec.slos.find((one: any) => one.name === name);
    if (!found) throw new Error(`infra/slo/ledger.yaml has no objective ${name}`);
    return found;
  };
  const [availability, latency] = [slo('availability'), slo('latency')];
  // The load test's own rule (sli.js) is this one: server errors and nothing else.
  if (!/code=~"5\.\."/.test(availability.sli.events.errorQuery)) throw new Error('availability counts other failures than 5xx: infra/load/sli.js must say the same');
  const le = /le="([\d.]+)"/.exec(latency.sli.events.errorQuery)?.[1];
  if (!le) throw new Error('the latency objective has no bound');
  return { availabilityPercent: availability.objective, latencyPercent: latency.objective, latencyMs: Number(le) * 1000 };
}

export const render = () => `${JSON.stringify(objectivesOf(parse(readFileSync(specification, 'utf8'))), null, 2)}\n`;

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(target, render());
  else if (readFileSync(target, 'utf8') !== render()) {
    console.error(`${target} is stale: run node infra/load/objectives.ts`);
    process.exitCode = 1;
  }
}
