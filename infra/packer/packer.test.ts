import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const estate = parse(read('infra/estate.yaml'));
const text = read('infra/packer/postgresql.pkr.hcl');
const parsed = (await parseHcl('postgresql.pkr.hcl', text)) as any;
const source = parsed.source.googlecompute.postgresql[0];

/** Everything that must hold of a template; the same for good ones and bad ones. */
function problems(template: any): string[] {
  const found: string[] = [];
  const refuse = (bad: boolean, text: string) => bad && found.push(text);
  for (const [name, { version }] of Object.entries<any>(template.packer?.[0]?.required_plugins?.[0] ?? {})) refuse(!/^= \d+\.\d+\.\d+$/.test(version), `plugin ${name} is not pinned: ${version}`);
  const image = template.source.googlecompute.postgresql[0];
  refuse(!/^debian-12-bookworm-v\d{8}$/.test(image.source_image ?? ''), `source_image is ${image.source_image}: one Debian 12 image by its name`);
  refuse('source_image_family' in image, 'source_image_family changes under us');
  refuse(JSON.stringify(image.source_image_project_id) !== '["debian-cloud"]', 'the source is not of Debian\'s project');
  for (const name of ['omit_external_ip', 'use_internal_ip', 'use_iap', 'disable_default_service_account', 'enable_secure_boot', 'enable_vtpm', 'enable_integrity_monitoring']) refuse(image[name] !== true, `${name} is not true`);
  for (const name of ['account_file', 'access_token', 'ssh_password', 'ssh_private_key_file', 'startup_script_file']) refuse(name in image, `${name} brings a secret or a script of nowhere`);
  for (const name of ['image_encryption_key', 'disk_encryption_key']) refuse(!image[name]?.[0]?.kmsKeyName, `${name} is Google's own`);
  refuse(!image.image_storage_locations?.length, 'without image_storage_locations the image lies in a group of regions');
  return found;
}

test('plugins and source are pinned, no address outside, shielded, its own key, stored in one place', () => {
  assert.deepEqual(problems(parsed), []);
});

test('a template that is not is found, each thing by itself', async () => {
  const changes: [RegExp, string, RegExp][] = [
    [/version = "= 1\.2\.4"/, 'version = ">= 1.2.4"', /plugin googlecompute is not pinned/],
    [/debian-12-bookworm-v\d+/, 'debian-12', /one Debian 12 image by its name/],
    [/omit_external_ip = true/, 'omit_external_ip = false', /omit_external_ip is not true/],
    [/use_iap +=.*\n/, '', /use_iap is not true/],
    [/enable_secure_boot +=.*/, 'enable_secure_boot = false', /enable_secure_boot/],
    [/ssh_username +=.*/, 'ssh_username = "packer"\n  ssh_password = "x"', /ssh_password brings a secret/],
    [/image_storage_locations.*\n/, '', /group of regions/],
    [/image_encryption_key \{[^}]*\}/, '', /image_encryption_key is Google's own/],
  ];
  for (const [from, to, reason] of changes) {
    assert.notEqual(text.replace(from, to), text, String(from));
    assert.match(problems(await parseHcl('x.pkr.hcl', text.replace(from, to))).join('\n'), reason);
  }
});

test('the family is the one that the machines ask for, and the base is the one other machines boot', () => {
  assert.ok(read('infra/terraform/modules/db-cluster/variables.tf').includes(`global/images/family/${source.image_family}$`));
  const others = globSync('infra/terraform/live/**/*.tf', { cwd: root }).flatMap(file => [...read(file).matchAll(/debian-cloud\/global\/images\/([\w-]+)/g)].map(match => match[1]!));
  assert.deepEqual([...new Set(others)].filter(name => name !== source.source_image), []);
});

test('names and labels are the estate\'s', () => {
  const hub = estate.sites.hub;
  const of = (name: string) => parsed.variable[name][0].default as string;
  assert.equal(of('project'), estate.projects[hub.project]);
  assert.equal(of('location'), hub.location);
  assert.equal(of('subnetwork'), `projects/${estate.projects[hub.project]}/regions/${hub.location}/subnetworks/${hub.network}-${hub.region}-application`);
  assert.equal(of('kms_key'), `projects/${estate.projects[hub.project]}/locations/${hub.location}/keyRings/${hub.project}-${hub.region}/cryptoKeys/disks`);
  assert.deepEqual(Object.keys(parsed.locals[0].labels).sort(), [...estate.requiredLabels].sort());
  assert.equal(parsed.variable.commit[0].default, undefined, 'an image says which commit it is of');
});

test('the playbook and its roles exist, read no inventory of ours and have no variable without a default', () => {
  const [{ provisioner }] = parsed.build;
  const file = String(provisioner.ansible[0].playbook_file).replace('${path.root}', 'infra/packer');
  assert.ok(existsSync(join(root, file)), file);
  assert.ok(provisioner.ansible[0].ansible_env_vars.includes('ANSIBLE_ROLES_PATH=${path.root}/../ansible/roles'));
  const tasks = parse(read(file))[0].tasks as Record<string, any>[];
  const roles = tasks.flatMap(task => task['ansible.builtin.include_role']?.name ?? []);
  assert.deepEqual(roles, ['packages', 'hardening']);
  for (const role of roles) {
    const defaults = parse(read(`infra/ansible/roles/${role}/defaults/main.yml`));
    const used = new Set([...read(`infra/ansible/roles/${role}/tasks/main.yml`).matchAll(new RegExp(`\\b${role}_\\w+`, 'g'))].map(match => match[0]));
    assert.ok(used.size > 0, role);
    assert.deepEqual([...used].filter(name => !(name in defaults)), [], role);
  }
  assert.doesNotMatch(read(file), /vars_files|lookup\(|vault/);
  assert.match(read(file), /Look for what must not be in an image/);
});

test('sshd names neither users nor groups: those of OS Login are in none, and IAM has been asked before a key is taken', () => {
  const tasks = parse(read('infra/ansible/roles/hardening/tasks/main.yml')) as any[];
  const files = tasks.map(task => task['ansible.builtin.copy']).filter(copy => String(copy?.dest).startsWith('/etc/ssh/sshd_config.d/'));
  assert.equal(files.length, 1);
  const lines: string[] = files[0].content.trim().split('\n');
  assert.deepEqual(lines.filter(line => /^(Allow|Deny)(Users|Groups)\b/.test(line)), []);
  for (const line of ['PasswordAuthentication no', 'PermitRootLogin no']) assert.ok(lines.includes(line), line);
});
