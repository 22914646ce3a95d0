/** What must not be in the repository, whatever the file: keys, tokens, passwords, card numbers, Terraform's state. */
import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

interface Pattern {
  what: string;
  pattern: RegExp;
}

/** Of what a token of each maker looks like. The first group, where there is one, is the secret itself. */
const everywhere: Pattern[] = [
  // With its headers, where it has some (encrypted, or of PGP), and as one line of JSON.
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[rn]|[A-Z][A-Za-z-]{2,20}: [^\n\\]{0,80}){0,12}[A-Za-z0-9+/=\\\s]{40}/ },
  { what: 'a private key of PuTTY', pattern: /\bPuTTY-User-Key-File-[23]: / },
  { what: 'a key of a Google service account', pattern: /"private_key_id"\s*:\s*"[0-9a-f]{40}"/ },
  { what: 'a Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/ },
  { what: 'a Google OAuth token', pattern: /\bya29\.[0-9A-Za-z_-]{30,}/ },
  { what: 'a Google OAuth client secret', pattern: /\bGOCSPX-[0-9A-Za-z_-]{28}(?![0-9A-Za-z_-])/ },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { what: 'an AWS secret key', pattern: /\baws_?secret_?(?:access_?)?key["']?\s{0,4}[:=]\s{0,4}["']?[0-9A-Za-z/+]{40}(?![0-9A-Za-z/+])/i },
  { what: 'an Azure storage key', pattern: /\bAccountKey=[0-9A-Za-z/+]{86}==/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{60,})\b/ },
  { what: 'a GitLab token', pattern: /\bgl(?:pat|dt|rt|ptt|cbt)-[0-9A-Za-z_-]{20,}/ },
  { what: 'a Slack token or webhook', pattern: /\b(?:xox[abeoprs]|xapp)-[0-9A-Za-z-]{20,}|hooks\.slack\.com\/(?:services\/T[0-9A-Z]{6,}\/B[0-9A-Z]{6,}|workflows\/T[0-9A-Z]{6,}\/A[0-9A-Z]{6,}\/[0-9]{6,})\/[0-9A-Za-z]{20,}/ },
  { what: 'a Discord webhook', pattern: /\bdiscord(?:app)?\.com\/api\/webhooks\/[0-9]{17,20}\/[0-9A-Za-z_-]{60,}/ },
  { what: 'a Stripe key', pattern: /\b[rs]k_(?:live|test)_[0-9A-Za-z]{20,}\b/ },
  // Stripe's are of 32 letters and more, this ledger's of 43.
  { what: 'a secret that signs webhooks', pattern: /\bwhsec_[0-9A-Za-z+/_-]{32,}/ },
  { what: 'a Square key', pattern: /\bsq0(?:csp|atp)-[0-9A-Za-z_-]{22,43}(?![0-9A-Za-z_-])/ },
  { what: 'a Braintree or PayPal token', pattern: /\baccess_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}\b/ },
  { what: 'a Mercado Pago token', pattern: /\bAPP_USR-[0-9]{12,20}-[0-9]{6}-[0-9a-f]{32}\b/ },
  { what: 'a Razorpay key', pattern: /\brzp_live_[0-9A-Za-z]{14}\b/ },
  { what: 'a Shopify token', pattern: /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b/ },
  { what: 'a SendGrid key', pattern: /\bSG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}(?![0-9A-Za-z_-])/ },
  { what: 'a Grafana token', pattern: /\bgl(?:sa_[0-9A-Za-z]{32}_[0-9a-f]{8}\b|c_[0-9A-Za-z+/]{32,})/ },
  { what: 'a PyPI token', pattern: /\bpypi-AgEIcHlwaS5vcmc[0-9A-Za-z_-]{50,}/ },
  { what: 'a Docker Hub token', pattern: /\bdckr_pat_[0-9A-Za-z_-]{27}(?![0-9A-Za-z_-])/ },
  { what: 'a Terraform Cloud token', pattern: /\b[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_-]{60,}/ },
  { what: 'a key of a language model', pattern: /\bsk-(?:ant-[a-z0-9]+-|proj-|svcacct-)[0-9A-Za-z_-]{40,}|\bsk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}\b/ },
  { what: 'an npm token', pattern: /\bnpm_[0-9A-Za-z]{36}\b|:_(?:authToken|password|auth)\s{0,4}=\s{0,4}["']?[^\s"'$<{]{8,}/ },
  // Signed by somebody, whether it is still good or not: a header that names its algorithm, claims, a signature.
  { what: 'a JSON web token', pattern: /\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}/ },
  { what: 'a password in an address', pattern: /\b[a-z][a-z0-9+]{1,20}:\/\/[^\s:/@"'`$<{(\\?#[\]]{0,64}:([^\s@/"'`$<{(\\?#]{4,200})@(?!127\.0\.0\.1|localhost|\[::1\])/i },
  { what: 'an age or sops key', pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{50,}\b/ },
  { what: 'a Vault token', pattern: /\bhv[sbr]\.[0-9A-Za-z_-]{24,}/ },
];

/** In files of settings: a value that is a literal where a reference must stand. */
const inSettings: Pattern[] = [
  { what: 'a password', pattern: /^\s*(?:-\s*)?["']?(?!secretKey\b)[A-Za-z0-9_.-]{0,80}(?:password|passwd|passphrase|secret_key|secretkey|api_?key|auth_token|access_token|client_secret)["']?\s*[:=]\s*["']?([^\s"'#{}$<>[\]|&*!%(),]{6,})["']?\s*(?:#.*)?$/i },
];

/** Names of files that hold state or credentials by trade. */
const refusedFiles: Pattern[] = [
  { what: 'Terraform state', pattern: /\.tfstate(\.|$)/ },
  { what: 'a Terraform plan, which holds what the state holds', pattern: /\.tfplan$/ },
  { what: 'a private key', pattern: /(^|\/)(id_(rsa|dsa|ecdsa|ed25519)|[^/]+\.(p12|pfx|jks|keystore|ppk|kdbx))$/ },
  { what: 'a credentials file', pattern: /(^|\/)(\.env(\.(?!example$|sample$|template$)[^/]+)?|\.npmrc|\.pgpass|\.netrc|\.git-credentials|\.htpasswd|\.dockercfg|\.docker\/config\.json|\.aws\/credentials|credentials\.json|[^/]+-credentials\.(json|ya?ml)|kubeconfig|vault[-_]pass[^/]*)$/ },
];

/** Numbers that the makers of terminals and gateways publish for tests: they pay for nothing. */
const testCards = new Set([
  '4111111111111111', '4242424242424242', '4000056655665556', '4012888888881881', '4000000000000002', '4000000000009995', '4000002500003155', '4000002760003184',
  '5555555555554444', '2223003122003222', '5200828282828210', '5105105105105100', '378282246310005', '371449635398431', '378734493671000', '6011111111111117',
  '6011000990139424', '3056930009020004', '30569309025904', '36227206271667', '38520000023237', '3566002020360505', '3530111333300000', '6200000000000005',
]);
/** Of the networks' lengths and first digits, in one run or in the groups that are printed on the card, and no part of something longer. */
const cardLike = /(?<![\w.+/=-])(?:(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|5\d\d|2\d\d)|35\d\d)([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d\d([ -]?)\d{6}\2\d{5}|3(?:0[0-5]|[68]\d)\d([ -]?)\d{6}\3\d{4})(?![\w+/=-]|\.\d)/g;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]) * (index % 2 === 1 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/** A Kubernetes Secret with content is a secret in git, however it is written. */
const secretManifest = /^kind:\s*["']?Secret["']?\s*$/m;

/** Words that name a secret without being one. */
const harmless = /^(true|false|null|none|required|optional|disabled|enabled|verify-full|scram-sha-256|[a-z][a-z0-9_-]*-(?:password|key|token|secret|url|urls|oidc|keys|credentials)|\/[\w./-]+|[a-z]\w*\.[a-z][\w.[\]"-]+|lookup.*|vault_.*|[A-Z][A-Z_]*[A-Z])$/;

/** Of all that a secret may be called here, for entries that except one. */
export const kinds: ReadonlySet<string> = new Set([...everywhere, ...inSettings, ...refusedFiles].map(one => one.what).concat('a card number', 'a Kubernetes Secret with content'));

const settings = /\.(ya?ml|tf|tfvars|hcl|j2|json|env|ini|conf|cfg|toml|sh|properties)$/;

/** Files with the same answer are judged alike: what a text is found to hold depends on its path by nothing else. */
export function judgedAs(file: string): string {
  return [...refusedFiles.filter(one => one.pattern.test(file)).map(one => one.what), settings.test(file) ? 'settings' : '', /\.ya?ml$/.test(file) ? 'yaml' : ''].join();
}

export interface Secret {
  line: number;
  what: string;
  /** Its name alone says it. */
  byName?: true;
}

/** As many of one text are told; a text with more is a list of secrets, and said to be one as well by its first. */
const mostPerText = 50;

/** Every secret in the text of one file: where, and what kind. The secret itself is not repeated. */
export function findSecrets(file: string, text: string): Secret[] {
  const found: Secret[] = refusedFiles.filter(one => one.pattern.test(file)).map(({ what }) => ({ line: 1, what, byName: true }));
  let [at, line] = [0, 1];
  /** Lines are counted on from the one asked for last, or a text full of secrets would take the square of its length. */
  const lineOf = (index: number) => {
    if (index < at) [at, line] = [0, 1];
    for (let next = text.indexOf('\n', at); next !== -1 && next < index; next = text.indexOf('\n', at)) [at, line] = [next + 1, line + 1];
    return line;
  };
  for (const { what, pattern } of everywhere) {
    let count = 0;
    for (const match of text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))) {
      found.push({ line: lineOf(match.index), what });
      if (++count === mostPerText) break;
    }
  }
  let cards = 0;
  for (const match of text.matchAll(cardLike)) {
    const digits = match[0].replaceAll(/[ -]/g, '');
    if (testCards.has(digits) || /^(\d)\1*$/.test(digits.slice(1)) || !passesLuhn(digits)) continue;
    found.push({ line: lineOf(match.index), what: 'a card number' });
    if (++cards === mostPerText) break;
  }
  if (settings.test(file)) {
    for (const [index, content] of text.split('\n').entries()) {
      for (const { what, pattern } of inSettings) {
        const value = pattern.exec(content)?.[1];
        if (value !== undefined && !harmless.test(value)) found.push({ line: index + 1, what });
      }
    }
  }
  if (/\.ya?ml$/.test(file)) {
    let offset = 0;
    for (const document of text.split(/^---.*$/m)) {
      if (secretManifest.test(document) && /^(data|stringData):\s*\n\s+\S/m.test(document)) found.push({ line: lineOf(text.indexOf(document.trim(), offset)), what: 'a Kubernetes Secret with content' });
      offset += document.length;
    }
  }
  return found;
}

/** "file:line problem" */
export const said = (file: string, { line, what, byName }: Secret) => `${file}:${line} ${byName ? 'is' : 'holds'} ${what}`;

export function secretsIn(file: string, text: string): string[] {
  return findSecrets(file, text).map(one => said(file, one));
}

/** What is read of one file, at most. A larger one is data; its beginning is read. */
export const readMax = 4 << 20;

/** @param bytes a file, or its beginning @returns its text; undefined when it is no text, by the rule that git has: a zero byte early in it */
export function textOf(bytes: Buffer): string | undefined {
  if (bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  return bytes.subarray(0, 8000).includes(0) ? undefined : bytes.toString('utf8');
}

export function trackedFiles(repository: string): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 30_000 }).split('\0').filter(Boolean);
}

/** Of every file that git keeps now, as it is on the disk. @param excepted "blob kind" of what was judged to be none */
export function secretsOfRepository(repository: string, excepted: ReadonlySet<string> = new Set()): string[] {
  const buffer = Buffer.alloc(readMax);
  return trackedFiles(repository).flatMap(file => {
    const full = path.join(repository, file);
    if (!lstatSync(full, { throwIfNoEntry: false })?.isFile()) return [];
    const handle = openSync(full, 'r');
    let found: Secret[];
    try {
      // Something that is no text is judged by its name.
      found = findSecrets(file, textOf(buffer.subarray(0, readSync(handle, buffer, 0, readMax, 0))) ?? '');
    } finally {
      closeSync(handle);
    }
    if (found.length === 0) return [];
    const id = execFileSync('git', ['hash-object', '--', file], { cwd: repository, encoding: 'utf8', timeout: 30_000 }).trim();
    return found.filter(({ what }) => !excepted.has(`${id} ${what}`)).map(one => said(file, one));
  });
}
