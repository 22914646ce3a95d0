/** Seen red with texts that are put together here, so that this very file holds none of them. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { secretsIn, secretsOfRepository, type Known } from './secrets.ts';

const repository = path.resolve(import.meta.dirname, '../../..');

/** Texts that only look like secrets: tests of the code that hides or refuses them. */
const known: Known[] = [
  { file: 'ledger/src/domain/config.test.ts', what: 'a password in an address', reason: 'shows that the configuration is read and never printed' },
  { file: 'plugins/airpay-dr-backend/src/__testUtils__/samples.ts', what: 'a password in an address', reason: 'shows that plans leave passwords out' },
  { file: 'plugins/airpay-dr-backend/src/plan.test.ts', what: 'a password in an address', reason: 'shows that plans leave passwords out' },
];

const base64 = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ';
const secrets: [string, string, string][] = [
  ['a private key', 'notes.md', `-----BEGIN ${'RSA PRIVATE'} KEY-----\n${base64}\n`],
  ['a key of a Google service account', 'infra/x.json', `{"private_key_id": "${'0123456789'.repeat(4)}"}`],
  ['a Google API key', 'a.ts', `const k = '${'AI'}za${'B'.repeat(35)}'`],
  ['a Google OAuth token', 'a.sh', `curl -H "Authorization: Bearer ${'ya'}29.${'a'.repeat(40)}"`],
  ['an AWS access key', 'a.yaml', `key: ${'AK'}IA${'ABCDEFGH12345678'}`],
  ['a GitHub token', 'a.md', `${'gh'}p_${'a1B2'.repeat(9)}`],
  ['a Slack token or webhook', 'infra/alertmanager.yml', `https://hooks.slack.com/${'services'}/T0123456/B0123456/${'x'.repeat(24)}`],
  ['a password in an address', 'app.yaml', `url: postgresql://app:${'s3cr3t'}pass@db.example:5432/x`],
  ['a password', 'infra/ansible/group_vars/all.yml', `postgres_password: ${'hunter'}22`],
  ['a password', 'infra/terraform/live/x/terraform.tfvars', `db_password = "${'correct'}horse9"`],
  ['a Kubernetes Secret with content', 'infra/gitops/grafana.yaml', 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: grafana\nstringData:\n  admin: "x"\n'],
  ['Terraform state', 'infra/terraform/live/x/terraform.tfstate.backup', '{}'],
  ['a Terraform plan, which holds what the state holds', 'plans/a.tfplan', 'x'],
  ['a credentials file', 'app/.env', 'A=b'],
];

describe('no secret is in git', () => {
  it('none is in any file that git keeps', () => {
    assert.deepEqual(secretsOfRepository(repository, known), []);
  });

  for (const [what, file, text] of secrets) {
    it(`finds ${what} in ${file}`, () => {
      const problems = secretsIn(file, `line one\n${text}`);
      assert.ok(problems.some(problem => problem.startsWith(`${file}:`) && problem.endsWith(what)), problems.join('; ') || 'nothing was found');
      assert.ok(!problems.join().includes(base64.slice(0, 10)), 'the secret itself is not repeated');
    });
  }

  it('lets references to secrets pass', () => {
    const harmless = [
      'password: "{{ lookup(\'airpay.secret\', \'payments-database-superuser\') }}"',
      'password = var.password',
      'secretKey: database-ca',
      'password_file: /run/secrets/password',
      'secretName: portal-session-secret',
      'passwordKey: PORTAL_PASSWORD',
      'auth_token: ${TOKEN}',
    ].join('\n');
    assert.deepEqual(secretsIn('infra/x.yaml', harmless), []);
    assert.deepEqual(secretsIn('infra/y.yaml', 'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data: []\n---\nkind: Secret\nmetadata:\n  name: empty\n'), []);
  });

  it('an entry in the list of examples that nothing needs is a problem', () => {
    assert.deepEqual(secretsOfRepository(repository, [...known, { file: 'README.md', what: 'a password', reason: 'x' }]), ['README.md:0 is listed as an example of a password and holds none']);
  });
});
