/**
 * The gate between a built image and the registry's signature: what a scan found, less what is waived until a date.
 * Usage: node infra/supply-chain/vulnerabilities.ts <report of grype in JSON> [today]
 * Exit 0: nothing stands in the way; 1: each line names what does; 2: it could not be decided.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown';
const SEVERITIES: Severity[] = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

/** Days from the day somebody decided to wait until the fix must be in: the longest that a waiver may last. */
export const WITHIN_DAYS: Partial<Record<Severity, number>> = { critical: 7, high: 30, medium: 90 };
/** These stop a release. The others are due, but what is deployed has them too. */
export const BLOCKING: Severity[] = ['critical', 'high'];

export interface Finding {
  id: string;
  severity: Severity;
  package: string;
  version: string;
  /** Versions that have the fix; empty when there is none yet. */
  fixedIn: string[];
}

export interface Waiver {
  id: string;
  package: string;
  severity: Severity;
  reason: string;
  /** A group of the estate. */
  owner: string;
  /** Days as YYYY-MM-DD. */
  since: string;
  until: string;
}

const DAY_MS = 86_400_000;
const day = (text: unknown): number => {
  const time = typeof text === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? NaN : time;
};

/** Findings of a grype report. @throws Error when it is none: a gate that understood nothing must not open */
export function readReport(text: string): Finding[] {
  const report = JSON.parse(text) as { matches?: unknown; descriptor?: { name?: string } };
  if (report.descriptor?.name !== 'grype' || !Array.isArray(report.matches)) throw new Error('this is no report of grype');
  return report.matches.map((match: any) => {
    const severity = String(match.vulnerability?.severity ?? 'unknown').toLowerCase() as Severity;
    if (!match.vulnerability?.id || !match.artifact?.name) throw new Error('a match names no vulnerability or no package');
    return {
      id: match.vulnerability.id,
      severity: SEVERITIES.includes(severity) ? severity : 'unknown',
      package: match.artifact.name,
      version: match.artifact.version ?? '',
      fixedIn: match.vulnerability.fix?.versions ?? [],
    };
  });
}

/** One sentence per waiver that may not be given, or no longer; `today` is YYYY-MM-DD. */
export function waiverFaults(waivers: Waiver[], today: string, owners: string[]): string[] {
  return waivers.flatMap(waiver => {
    const name = `waiver of ${waiver.id} in ${waiver.package}`;
    const [since, until] = [day(waiver.since), day(waiver.until)];
    if (Number.isNaN(since) || Number.isNaN(until)) return [`${name}: since and until must be days such as 2026-11-21`];
    const most = WITHIN_DAYS[waiver.severity];
    const faults: string[] = [];
    if (most === undefined) faults.push(`${name}: severity ${waiver.severity} needs no waiver`);
    else if (until - since > most * DAY_MS) faults.push(`${name}: ${waiver.severity} may wait ${most} days, not ${(until - since) / DAY_MS}`);
    if (since > day(today)) faults.push(`${name}: begins in the future`);
    if (until < day(today)) faults.push(`${name}: ended on ${waiver.until}; mend it, or let somebody decide again`);
    if (!owners.includes(waiver.owner)) faults.push(`${name}: ${waiver.owner} is no group of the estate`);
    if (!waiver.reason || waiver.reason.length < 20) faults.push(`${name}: say why it can wait`);
    return faults;
  });
}

/** One sentence per finding that stops the release. */
export function standsInTheWay(findings: Finding[], waivers: Waiver[], today: string): string[] {
  // By package and severity too: a waiver for a low one must not cover it once it is called critical.
  const waived = new Set(waivers.filter(one => day(one.until) >= day(today)).map(one => `${one.id} ${one.package} ${one.severity}`));
  const lines = findings
    .filter(one => BLOCKING.includes(one.severity) && !waived.has(`${one.id} ${one.package} ${one.severity}`))
    .map(one => `${one.severity} ${one.id} in ${one.package} ${one.version}${one.fixedIn.length > 0 ? `, mended in ${one.fixedIn.join(', ')}` : ', no fix yet'}`);
  return [...new Set(lines)].sort();
}

/** The waivers of this repository and the groups that may own one. */
export function readWaivers(): { waivers: Waiver[]; owners: string[] } {
  const read = (file: string) => parse(readFileSync(path.join(import.meta.dirname, file), 'utf8'));
  return { waivers: read('waivers.yaml').waivers ?? [], owners: Object.keys(read('../estate.yaml').groups) };
}

function main([file, today = new Date().toISOString().slice(0, 10)]: string[]): number {
  if (file === undefined || Number.isNaN(day(today))) {
    process.stderr.write('usage: node infra/supply-chain/vulnerabilities.ts <grype.json> [YYYY-MM-DD]\n');
    return 2;
  }
  try {
    const { waivers, owners } = readWaivers();
    const findings = readReport(readFileSync(file, 'utf8'));
    const lines = [...waiverFaults(waivers, today, owners), ...standsInTheWay(findings, waivers, today)];
    for (const line of lines) process.stdout.write(`${line}\n`);
    process.stdout.write(`${findings.length} findings, ${lines.length} in the way\n`);
    return lines.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${file}: ${(error as Error).message}\n`);
    return 2;
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2));
