import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse } from 'yaml';
import { estateProblems, terraformProblems, type Estate, type Policy } from './residency.ts';

const root = join(import.meta.dirname, '../..');
const read = <T>(path: string) => parse(readFileSync(join(root, path), 'utf8')) as T;
const estate = read<Estate>('infra/estate.yaml');
const policy = read<Policy>('infra/residency/policy.yaml');
const changed = (change: (one: Estate) => void): string[] => {
  const one = structuredClone(estate);
  change(one);
  return estateProblems(one, policy);
};
const looked = async (text: string) => terraformProblems('x.tf', await parseHcl('x.tf', text), estate, policy);
const files = globSync('infra/terraform/{modules,live}/**/*.tf', { cwd: root }).filter(file => !/\.terraform\/|\/tests\//.test(file)).sort();

test('every site, replica, backup and secret of the estate lies in the places of its class', () => {
  assert.deepEqual(estateProblems(estate, policy), []);
});

test('a database of the European Union with a replica elsewhere is refused', () => {
  const standby = 'payments-prod-region-b';
  const moved = (location: string, residency?: string) => changed(one => {
    Object.assign(one.sites[standby]!, { location, zones: ['a', 'b', 'c'].map(zone => `${location}-${zone}`), ...(residency && { residency }) });
  });
  assert.deepEqual(moved('us-east1'), [
    `site ${standby} of class eu lies in us-east1`, `the database of payments-prod-region-a (class eu) has a replica in us-east1 (${standby})`,
  ]);
  // Calling the copy Mexican does not make the data so.
  assert.deepEqual(moved('northamerica-south1', 'mx'), [
    `the database of payments-prod-region-a (class eu) has a replica in northamerica-south1 (${standby})`, `site ${standby} is of class mx, but stands by for class eu`,
  ]);
});

test('a site in no place of its class, a zone of another region, a database without its bucket, a class nobody explained are refused', () => {
  assert.deepEqual(changed(one => { one.sites['hub']!.location = 'europe-west2'; }).length, 4);
  assert.match(changed(one => { one.sites['hub']!.zones[0] = 'us-east1-b'; }).join(), /zone us-east1-b is not in europe-north1/);
  assert.match(changed(one => { delete (one.buckets['backups'] as Record<string, string>)['payments-prod-region-a']; }).join(), /has no bucket for its backups/);
  assert.match(changed(one => { one.residency['br'] = ['southamerica-east1']; }).join(), /class br has no meaning/);
  assert.match(changed(one => { one.registry.location = 'us'; }).join(), /the registry lies in us/);
});

test('Terraform writes no place that is not of a class or exempted with a reason', async () => {
  assert.ok(files.length > 40, `only ${files.length} files were found`);
  const problems = await Promise.all(files.map(async file => terraformProblems(file, await parseHcl(file, readFileSync(join(root, file), 'utf8')), estate, policy)));
  assert.deepEqual(problems.flat(), []);
});

test('a place written out, a secret that Google copies, a bucket, backup, snapshot or key of nowhere are refused', async () => {
  const bad: [string, RegExp][] = [
    ['resource "google_storage_bucket" "b" {\n location = "US"\n}', /location is US, which no class has/],
    ['resource "google_storage_bucket" "b" {\n name = "x"\n}', /without a location lies in the United States/],
    ['resource "google_secret_manager_secret" "s" {\n replication {\n auto {}\n }\n}', /replicated where Google likes/],
    ['resource "google_secret_manager_secret" "s" {\n replication {\n user_managed {\n replicas {\n location = "us-east1"\n }\n }\n }\n}', /replicas\.location is us-east1/],
    ['resource "google_sql_database_instance" "r" {\n master_instance_name = "portal"\n region = "us-east1"\n settings {\n backup_configuration {\n location = var.location\n }\n }\n}', /region is us-east1[^]*a replica says its region/],
    ['resource "google_sql_database_instance" "r" {\n region = var.location\n settings {\n tier = "x"\n }\n}', /backups without a location/],
    ['resource "google_compute_resource_policy" "p" {\n region = var.location\n snapshot_schedule_policy {\n snapshot_properties {\n labels = {}\n }\n }\n}', /without storage_locations/],
    ['resource "google_kms_key_ring" "k" {\n location = "global"\n}', /key ring of the whole world/],
    ['resource "google_container_cluster" "c" {\n location = "asia-east1"\n}', /location is asia-east1/],
    ['module "x" {\n source = "../m"\n location = "us-central1"\n}', /module\.x: location is us-central1/],
  ];
  for (const [text, reason] of bad) assert.match((await looked(text)).join('\n'), reason, text);
  assert.deepEqual(await looked('resource "google_storage_bucket" "b" {\n location = upper(each.value.location)\n}\nresource "google_compute_disk" "d" {\n zone = "europe-west1-b"\n}'), []);
});

test('what is exempted is used, and says why', () => {
  assert.ok(policy.exempt.every(one => one.why.length > 20) && Object.values(policy.worldwide).every(why => why.length > 15));
  const texts = files.map(file => readFileSync(join(root, file), 'utf8')).join('\n');
  const unused = Object.keys(policy.worldwide).filter(type => !texts.includes(`resource "${type}"`));
  assert.deepEqual(unused, []);
  assert.equal(estate.registry.location, policy.exempt[0]!.place);
});
