import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse } from 'yaml';
import { lockProblems, retentionProblems, type Kept } from './retention.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined);
const { kept } = parse(read('infra/retention.yaml')!) as { kept: Kept[] };
const files = globSync('infra/terraform/{modules,live}/**/*.tf', { cwd: root }).filter(file => !/\.terraform\/|\/tests\//.test(file));

test('every retention is what the schedule promises, and no line of Terraform keeps or deletes by time beside it', () => {
  assert.ok(files.length > 40);
  assert.deepEqual(retentionProblems(kept, read, files), []);
});

test('a figure changed in Terraform, in the schedule, or added beside it is found', () => {
  const archive = 'infra/terraform/modules/archive/variables.tf';
  const with_ = (file: string, from: string, to: string) => (name: string) => (name === file ? read(name)!.replace(from, to) : read(name));
  assert.match(retentionProblems(kept, with_(archive, 'optional(number, 2557)', 'optional(number, 365)'), files).join('\n'), /Raw logs of payments: 2557 days are promised, .* says 365/);
  assert.match(retentionProblems(kept, with_('infra/ansible/roles/pgbackrest/defaults/main.yml', 'retention_full: 35', 'retention_full: 3'), files).join('\n'), /35 days are promised, .* says 3$/m);
  assert.match(retentionProblems(kept, with_('infra/terraform/modules/secrets/main.tf', '2592000s', '86400s'), files).join('\n'), /30 days are promised, .* says 1$/m);
  const added = (name: string) => (name === archive ? `${read(name)}\nlocals {\n  x = { age = 3 }\n}\n` : read(name));
  assert.deepEqual(retentionProblems(kept, added, files), [`${archive}: "age = 3" is in no retention of infra/retention.yaml`]);
  const shorter = kept.map(one => (one.what.startsWith('Audit logs') ? { ...one, days: 90 } : one));
  assert.match(retentionProblems(shorter, read, files).join('\n'), /Audit logs[^]*90 days, and its reason asks for 365 at least/);
  const lost = kept.map(one => ({ ...one, places: one.places.map(place => ({ ...place, file: 'infra/gone.tf' })) }));
  assert.ok(retentionProblems(lost, read, []).every(problem => /nothing in infra\/gone\.tf/.test(problem)));
});

test('locked buckets are locked, and one that is not is found', async () => {
  const text = read('infra/terraform/modules/archive/main.tf')!;
  const parsed = await parseHcl('main.tf', text);
  assert.deepEqual(lockProblems(parsed), []);
  assert.equal(Object.values<any>((parsed as any).resource.google_storage_bucket).filter(([bucket]: any) => bucket.retention_policy).length, 2);
  assert.deepEqual(lockProblems(await parseHcl('main.tf', text.replaceAll('is_locked        = true', 'is_locked        = false'))).length, 2);
});

test('a backup that can be restored is never younger than the log that leads on from it: repository, copy and machine agree', () => {
  const backups = kept.find(one => one.what.startsWith('Backups and log'))!;
  assert.equal(backups.places.length, 2);
  assert.match(read('infra/ansible/roles/pgbackrest/defaults/main.yml')!, /pgbackrest_retention_full_type: time\n/);
});
