import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sloFile } from './__testUtils__/upstreams';
import { DirectorySloFiles } from './SloFiles';

describe('DirectorySloFiles', () => {
  const directory = mkdtempSync(join(tmpdir(), 'slo-files-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('reads the objectives this repository states', async () => {
    const { slos, errors } = await new DirectorySloFiles(resolve(__dirname, '../../../infra/slo')).load();
    expect(errors).toEqual([]);
    expect(slos.map(slo => `${slo.id} ${slo.objectivePercent}`)).toEqual(['ledger-availability 99.99', 'ledger-latency 99.9', 'ledger-synthetic 99.9']);
    expect(slos[0].runbookUrl).toMatch(/^\/docs\//);
  });

  it('gives the good files, and one error per broken one naming file and field', async () => {
    writeFileSync(join(directory, 'good.yaml'), sloFile('good', [{ name: 'availability', objective: 99.9 }]));
    writeFileSync(join(directory, 'good.test.yaml'), 'not: an objective');
    writeFileSync(join(directory, 'notes.md'), 'not read');
    writeFileSync(join(directory, 'range.yaml'), sloFile('range', [{ name: 'availability', objective: 100 }]));
    writeFileSync(join(directory, 'syntax.yaml'), 'a: [');
    writeFileSync(join(directory, 'twice.yaml'), sloFile('good', [{ name: 'availability', objective: 99 }]));
    const { slos, errors } = await new DirectorySloFiles(directory).load();
    expect(slos.map(slo => slo.id)).toEqual(['good-availability']);
    expect(errors.map(error => error.source)).toEqual(['range.yaml', 'syntax.yaml', 'twice.yaml']);
    expect(errors[0].message).toMatch(/^range\.yaml: spec\.slos\.0\.objective: /);
    expect(errors[1].message).toMatch(/^syntax\.yaml: /);
    expect(errors[2].message).toBe('twice.yaml: good-availability also stands in good.yaml');
  });

  it('sees a changed file after 10 s, not before', async () => {
    let now = 0;
    const files = new DirectorySloFiles(directory, () => now);
    const before = (await files.load()).slos.length;
    writeFileSync(join(directory, 'more.yaml'), sloFile('more', [{ name: 'latency', objective: 99 }]));
    now = 9_999;
    expect((await files.load()).slos).toHaveLength(before);
    now = 10_000;
    expect((await files.load()).slos).toHaveLength(before + 1);
  });

  it('says which folder is missing', async () => {
    await expect(new DirectorySloFiles('/nowhere/slo').load()).rejects.toThrow(/folder of SLO files \/nowhere\/slo cannot be read/);
  });
});
