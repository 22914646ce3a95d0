import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BLOCKING, readReport, readWaivers, standsInTheWay, waiverFaults, WITHIN_DAYS, type Severity, type Waiver } from './vulnerabilities.ts';

const match = (id: string, severity: string, versions: string[] = []) => ({
  vulnerability: { id, severity, fix: { versions, state: versions.length > 0 ? 'fixed' : 'not-fixed' } },
  artifact: { name: 'libexample', version: '1.2.3' },
});
const report = (...matches: object[]) => JSON.stringify({ matches, descriptor: { name: 'grype', version: '0.100.0' } });
const waiver = (changes: Partial<Waiver> = {}): Waiver => ({
  id: 'CVE-2026-0001', package: 'libexample', severity: 'high', reason: 'The function is not called; see the review of 3 November.',
  owner: 'platform', since: '2026-11-01', until: '2026-11-30', ...changes,
});
const today = '2026-11-21';

describe('the gate for vulnerabilities', () => {
  it('stops a release with a critical or high finding, mended or not, and names it', () => {
    const findings = readReport(report(match('CVE-2026-0001', 'High', ['1.2.4']), match('CVE-2026-0002', 'Critical'), match('CVE-2026-0003', 'Medium')));
    assert.deepEqual(standsInTheWay(findings, [], today), [
      'critical CVE-2026-0002 in libexample 1.2.3, no fix yet',
      'high CVE-2026-0001 in libexample 1.2.3, mended in 1.2.4',
    ]);
    assert.deepEqual(standsInTheWay(readReport(report(match('CVE-2026-0003', 'Low'))), [], today), []);
  });

  it('lets a waived one pass until its day, that one and no other', () => {
    const findings = readReport(report(match('CVE-2026-0001', 'High')));
    assert.deepEqual(standsInTheWay(findings, [waiver()], today), []);
    assert.equal(standsInTheWay(findings, [waiver()], '2026-12-01').length, 1);
    for (const other of [{ id: 'CVE-2026-0009' }, { package: 'libother' }, { severity: 'medium' as const }]) {
      assert.equal(standsInTheWay(findings, [waiver(other)], today).length, 1, JSON.stringify(other));
    }
  });

  it('a waiver has an owner, a reason and a day that its severity allows, and ends', () => {
    assert.deepEqual(waiverFaults([waiver()], today, ['platform']), []);
    const faulty: [Partial<Waiver>, RegExp][] = [
      [{ until: '2026-12-02' }, /high may wait 30 days, not 31/],
      [{ severity: 'critical' }, /critical may wait 7 days, not 29/],
      [{ until: '2026-11-20' }, /ended on 2026-11-20/],
      [{ since: '2026-11-22' }, /begins in the future/],
      [{ until: '2026-02-30' }, /must be days/],
      [{ owner: 'somebody' }, /no group of the estate/],
      [{ reason: 'later' }, /say why/],
      [{ severity: 'low' }, /needs no waiver/],
    ];
    for (const [changes, fault] of faulty) assert.match(waiverFaults([waiver(changes)], today, ['platform']).join(), fault);
  });

  it('the waivers of this repository hold today', () => {
    const { waivers, owners } = readWaivers();
    assert.deepEqual(waiverFaults(waivers, new Date().toISOString().slice(0, 10), owners), []);
    assert.ok(owners.includes('security'));
  });

  it('docs/upgrade.md promises what the gate holds', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../docs/upgrade.md'), 'utf8');
    const rows = [...text.matchAll(/^\| (critical|high|medium|low) \| (yes|no) \| (\d+) days \|$/gm)].map(([, severity, stops, days]) => [severity, stops, Number(days)]);
    assert.deepEqual(rows, Object.entries(WITHIN_DAYS).map(([severity, days]) => [severity, BLOCKING.includes(severity as Severity) ? 'yes' : 'no', days]));
  });

  it('as a program: 0, 1 with the line, and 2 for what is no report', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'scan-'));
    try {
      const run = (text: string) => {
        const file = path.join(folder, 'report.json');
        writeFileSync(file, text);
        return spawnSync(process.execPath, [path.join(import.meta.dirname, 'vulnerabilities.ts'), file, today], { encoding: 'utf8', timeout: 20_000 });
      };
      assert.equal(run(report()).status, 0);
      const refused = run(report(match('CVE-2026-0002', 'Critical')));
      assert.equal(refused.status, 1);
      assert.match(refused.stdout, /critical CVE-2026-0002[^\n]*\n1 findings, 1 in the way/);
      for (const text of ['', '{}', JSON.stringify({ matches: [] }), JSON.stringify({ matches: [{}], descriptor: { name: 'grype' } })]) {
        assert.equal(run(text).status, 2, text);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
