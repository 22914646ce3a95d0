/** Seen red with texts that are put together here, so that this very file holds none of them. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { exceptedOn, readExceptions } from './secrets-history.ts';
import { findSecrets, kinds, secretsIn, secretsOfRepository, textOf } from './secrets.ts';

const repository = path.resolve(import.meta.dirname, '../../..');

const base64 = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ';
/** Letters and digits without a pattern that any maker uses. */
const random = (length: number) => 'q7Zt0Xw3Rk9LmB5y'.repeat(8).slice(0, length);
const hex = (length: number) => '0f3a9c5e7b1d2846'.repeat(4).slice(0, length);
const secrets: [string, string, string][] = [
  ['a private key', 'notes.md', `-----BEGIN ${'RSA PRIVATE'} KEY-----\n${base64}\n`],
  ['a key of a Google service account', 'infra/x.json', `{"private_key_id": "${'0123456789'.repeat(4)}"}`],
  ['a Google API key', 'a.ts', `const k = '${'AI'}za${'B'.repeat(35)}'`],
  ['a Google OAuth token', 'a.sh', `curl -H "Authorization: Bearer ${'ya'}29.${'a'.repeat(40)}"`],
  ['an AWS access key', 'a.yaml', `key: ${'AK'}IA${'ABCDEFGH12345678'}`],
  ['a GitHub token', 'a.md', `${'gh'}p_${'a1B2'.repeat(9)}`],
  ['a Slack token or webhook', 'infra/alertmanager.yml', `https://hooks.slack.com/${'services'}/T0123456/B0123456/${'x'.repeat(24)}`],
  ['a private key', 'key.asc', `-----BEGIN ${'PGP PRIVATE'} KEY BLOCK-----\nVersion: GnuPG v2\n\n${base64}\n`],
  ['a private key', 'old.pem', `-----BEGIN ${'RSA PRIVATE'} KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n${base64}\n`],
  ['a private key', 'account.json', `{"private_key": "-----BEGIN ${'PRIVATE'} KEY-----\\n${base64}\\n"}`],
  ['a private key of PuTTY', 'key.txt', `${'PuTTY-User'}-Key-File-3: ssh-ed25519`],
  ['a Google OAuth client secret', 'a.json', `"${'GOC'}SPX-${random(28)}"`],
  ['an AWS secret key', 'a.ini', `aws_secret_${'access'}_key = ${random(40)}`],
  ['an Azure storage key', 'a.md', `DefaultEndpointsProtocol=https;Account${'Key='}${random(86)}==`],
  ['a GitHub token', 'a.sh', `${'github'}_pat_${random(70)}`],
  ['a GitLab token', 'a.sh', `${'gl'}pat-${random(20)}`],
  ['a Slack token or webhook', 'a.ts', `'${'xo'}xb-123456789012-${random(24)}'`],
  ['a Slack token or webhook', 'a.ts', `'${'xa'}pp-1-A0123456789-${random(24)}'`],
  ['a Discord webhook', 'a.ts', `https://${'discord'}.com/api/webhooks/123456789012345678/${random(68)}`],
  ['a Stripe key', 'a.ts', `${'sk'}_live_${random(24)}`],
  ['a Stripe key', 'a.ts', `${'rk'}_test_${random(24)}`],
  ['a secret that signs webhooks', 'a.ts', `${'wh'}sec_${random(43)}`],
  ['a Square key', 'a.ts', `${'sq'}0csp-${random(43)}`],
  ['a Braintree or PayPal token', 'a.ts', `access_${'token'}$production$${hex(16)}$${hex(32)}`],
  ['a Mercado Pago token', 'a.ts', `${'APP'}_USR-1234567890123456-112118-${hex(32)}-123456789`],
  ['a Razorpay key', 'a.ts', `${'rzp'}_live_${random(14)}`],
  ['a Shopify token', 'a.ts', `${'shp'}at_${hex(32)}`],
  ['a SendGrid key', 'a.ts', `${'SG'}.${random(22)}.${random(43)}`],
  ['a Grafana token', 'a.ts', `${'gl'}sa_${random(32)}_${hex(8)}`],
  ['a PyPI token', 'a.ts', `${'pypi'}-AgEIcHlwaS5vcmc${random(60)}`],
  ['a Docker Hub token', 'a.ts', `${'dckr'}_pat_${random(27)}`],
  ['a Terraform Cloud token', 'a.ts', `${random(14)}.${'atlas'}v1.${random(64)}`],
  ['a key of a language model', 'a.ts', `${'sk'}-proj-${random(48)}`],
  ['an npm token', 'a.ts', `${'npm'}_${random(36)}`],
  ['an npm token', 'setup.sh', `//registry.example/:_${'auth'}Token=${random(20)}`],
  ['a JSON web token', 'a.md', `Bearer ${'ey'}JhbGciOiJIUzI1NiJ9.${'ey'}JzdWIiOiIxMjM0NTYifQ.${random(43)}`],
  ['an age or sops key', 'a.txt', `${'AGE'}-SECRET-KEY-1${'Q'.repeat(58)}`],
  ['a Vault token', 'a.sh', `${'hv'}s.${random(24)}`],
  ['a password in an address', 'a.ts', `https://builder:${random(12)}@git.airpay.example/x.git`],
  ['a password in an address', 'a.ts', `redis://:${random(12)}@cache.example:6379`],
  ['a password', 'app-config.yaml', `clientSecret: x\nclient_secret: ${random(16)}`],
  ['a card number', 'ledger/x.test.ts', `pan: '${'4539'}578763621486'`],
  ['a card number', 'notes.md', `${'5425'} 2334 3010 9903 exp 12/29`],
  ['a card number', 'notes.md', `${'3744'}-963539-84303`],
  ['a credentials file', 'app/.env.production', 'A=b'],
  ['a credentials file', 'github-app-credentials.yaml', 'appId: 1'],
  ['a credentials file', '.netrc', 'machine x'],
  ['a private key', 'a/b/release.keystore', '\0'],
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
    assert.deepEqual(secretsOfRepository(repository, exceptedOn(new Date(), readExceptions())), []);
  });

  for (const [what, file, text] of secrets) {
    it(`finds ${what} in ${file}`, () => {
      const problems = secretsIn(file, `line one\n${text}`);
      assert.ok(problems.some(problem => problem.startsWith(`${file}:`) && problem.endsWith(what)), problems.join('; ') || 'nothing was found');
      const words = text.split(/\s+/).filter(word => word.length >= 12 && /\d/.test(word));
      for (const word of words) assert.ok(!problems.join().includes(word), 'the secret itself is not repeated');
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

  it('every kind has a text in which it was found', () => {
    const seen = new Set(secrets.flatMap(([, file, text]) => findSecrets(file, text).map(({ what }) => what)));
    assert.deepEqual([...kinds].filter(what => !seen.has(what)), []);
  });

  it('lets pass what only looks like one', () => {
    const harmless = [
      'https://user@host.example/a:b@c', 'https://registry.example/@scope/name@1.2.3', 'postgresql://app:${PASSWORD}@db:5432/x', 'redis://:{{ password }}@cache', 'postgresql://a:b123@127.0.0.1:1/x',
      `key: ${'AK'}IAEXAMPLE`, `${'sk'}_live_short`, `${'gh'}p_tooshort`, 'eyJhbGciOiJIUzI1NiJ9', `-----BEGIN ${'PUBLIC'} KEY-----\n${base64}\n`, `-----BEGIN ${'PRIVATE'} KEY-----\n…`,
      // Numbers for tests, one that fails the check, an amount, an id, a moment, a hash.
      '4242 4242 4242 4242', '4111111111111111', '378282246310005', `${'4539'}578763621487`, 'amount: 45395787.63621486', `tr_${'4539'}578763621486`, '1795285196000000', `a${'4539'}578763621486f`, `${'4539'}578763621486-1`,
    ];
    for (const text of harmless) assert.deepEqual(secretsIn('a.yaml', `x: ${text}`), [], text);
    for (const file of ['.env.example', 'docs/credentials.md', 'id_rsa.pub', 'infra/terraform/state.tf']) assert.deepEqual(secretsIn(file, ''), [], file);
  });

  it('counts lines, and ends on a text that is nothing but secrets', () => {
    const token = `${'gh'}p_${'a1B2'.repeat(9)}`;
    assert.deepEqual(secretsIn('a.md', `\n\n${token}\nx ${token}\n`), ['a.md:3 holds a GitHub token', 'a.md:4 holds a GitHub token']);
    const startedAt = performance.now();
    assert.equal(findSecrets('a.md', `${token}\n`.repeat(50_000)).length, 50);
    // Of the kinds of text that make a pattern go back over what it read.
    for (const text of ['a'.repeat(1 << 20), 'a-'.repeat(1 << 19), '://:'.repeat(1 << 18), 'eyJ'.repeat(1 << 18), '4 '.repeat(1 << 19), `-----BEGIN ${'PRIVATE'} KEY-----`.repeat(1 << 14), 'A: a\n'.repeat(1 << 17)]) findSecrets('a.yaml', text);
    assert.ok(performance.now() - startedAt < 20_000, `${performance.now() - startedAt} ms`);
  });

  it('reads text of two bytes a letter, and takes nothing else with zero bytes for text', () => {
    const secret = `${'gh'}p_${'a1B2'.repeat(9)}`;
    assert.deepEqual(findSecrets('a.txt', textOf(Buffer.from(`\ufeff${secret}`, 'utf16le'))!).map(({ what }) => what), ['a GitHub token']);
    assert.equal(textOf(Buffer.from(`PNG\0${secret}`)), undefined);
  });
});
