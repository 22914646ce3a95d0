/** What must not be in the repository, whatever the file: keys, tokens, passwords, Terraform's state. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

interface Pattern {
  what: string;
  pattern: RegExp;
}

/** Of what a token of each maker looks like. The first group, where there is one, is the secret itself. */
const everywhere: Pattern[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\s*\n?(?:\\n)?[A-Za-z0-9+/=\\\s]{40,}/ },
  { what: 'a key of a Google service account', pattern: /"private_key_id"\s*:\s*"[0-9a-f]{40}"/ },
  { what: 'a Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}\b/ },
  { what: 'a Google OAuth token', pattern: /\bya29\.[0-9A-Za-z_-]{30,}/ },
  { what: 'a Google OAuth client secret', pattern: /\bGOCSPX-[0-9A-Za-z_-]{28}\b/ },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{60,})\b/ },
  { what: 'a GitLab token', pattern: /\bglpat-[0-9A-Za-z_-]{20,}\b/ },
  { what: 'a Slack token or webhook', pattern: /\bxox[abprs]-[0-9A-Za-z-]{20,}|hooks\.slack\.com\/services\/T[0-9A-Z]{6,}\/B[0-9A-Z]{6,}\/[0-9A-Za-z]{20,}/ },
  { what: 'a Stripe key', pattern: /\b[rs]k_live_[0-9A-Za-z]{20,}\b/ },
  { what: 'an npm token', pattern: /\bnpm_[0-9A-Za-z]{36}\b/ },
  { what: 'a password in an address', pattern: /\b(?:postgres(?:ql)?|mysql|redis|rediss|amqp|mongodb(?:\+srv)?):\/\/[^\s:/@"'`$<{]+:([^\s@/"'`$<{]{4,})@(?!127\.0\.0\.1|localhost)/ },
  { what: 'an age or sops key', pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{50,}\b/ },
  { what: 'a Vault token', pattern: /\bhv[sb]\.[0-9A-Za-z_-]{24,}\b/ },
];

/** Only under infra/, in files of settings: a value that is a literal where a reference must stand. */
const inSettings: Pattern[] = [
  { what: 'a password', pattern: /^\s*(?:-\s*)?["']?(?!secretKey\b)[A-Za-z0-9_.-]*(?:password|passwd|passphrase|secret_key|secretkey|api_?key|auth_token|access_token|client_secret)["']?\s*[:=]\s*["']?([^\s"'#{}$<>[\]|&*!%(),]{6,})["']?\s*(?:#.*)?$/i },
];

/** Names of files that hold state or credentials by trade. */
const refusedFiles: Pattern[] = [
  { what: 'Terraform state', pattern: /\.tfstate(\.|$)/ },
  { what: 'a Terraform plan, which holds what the state holds', pattern: /\.tfplan$/ },
  { what: 'a private key', pattern: /(^|\/)(id_(rsa|dsa|ecdsa|ed25519)|[^/]+\.(p12|pfx|jks|keystore))$/ },
  { what: 'a credentials file', pattern: /(^|\/)(\.env|\.npmrc|\.pgpass|credentials\.json|kubeconfig|vault[-_]pass[^/]*)$/ },
];

/** A Kubernetes Secret with content is a secret in git, however it is written. */
const secretManifest = /^kind:\s*["']?Secret["']?\s*$/m;

/** Words that name a secret without being one. */
const harmless = /^(true|false|null|none|required|optional|disabled|enabled|verify-full|scram-sha-256|[a-z][a-z0-9_-]*-(?:password|key|token|secret|url|urls|oidc|keys|credentials)|\/[\w./-]+|[a-z]\w*\.[a-z][\w.[\]"-]+|lookup.*|vault_.*|[A-Z][A-Z_]*[A-Z])$/;

/** @returns "file:line problem" for every secret in the text of one file; the secret itself is not repeated */
export function secretsIn(file: string, text: string): string[] {
  const problems = refusedFiles.filter(one => one.pattern.test(file)).map(one => `${file}:1 is ${one.what}`);
  const line = (index: number) => text.slice(0, index).split('\n').length;
  for (const { what, pattern } of everywhere) {
    for (const match of text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))) problems.push(`${file}:${line(match.index)} holds ${what}`);
  }
  if (/^infra\/.*\.(ya?ml|tf|tfvars|hcl|j2|json|env|ini|conf|cfg|toml|sh)$/.test(file)) {
    for (const [index, content] of text.split('\n').entries()) {
      for (const { what, pattern } of inSettings) {
        const value = pattern.exec(content)?.[1];
        if (value !== undefined && !harmless.test(value)) problems.push(`${file}:${index + 1} holds ${what}`);
      }
    }
  }
  if (/\.ya?ml$/.test(file)) {
    let offset = 0;
    for (const document of text.split(/^---.*$/m)) {
      if (secretManifest.test(document) && /^(data|stringData):\s*\n\s+\S/m.test(document)) problems.push(`${file}:${line(text.indexOf(document.trim(), offset))} holds a Kubernetes Secret with content`);
      offset += document.length;
    }
  }
  return problems;
}

/** A file that shows what such a text looks like, and holds no secret. */
export interface Known {
  file: string;
  what: string;
  reason: string;
}

/** Files that git keeps, of at most a megabyte: a larger one is data, and its first megabyte is read. */
export function trackedFiles(repository: string): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 30_000 }).split('\0').filter(Boolean);
}

export function secretsOfRepository(repository: string, known: readonly Known[]): string[] {
  const used = new Set<Known>();
  const problems = trackedFiles(repository).flatMap(file => {
    const full = path.join(repository, file);
    if (/\.(png|jpg|ico|woff2?|gz|zip|tgz|pdf|wasm)$/.test(file) || !statSync(full, { throwIfNoEntry: false })?.isFile()) return [];
    return secretsIn(file, readFileSync(full, 'utf8').slice(0, 1 << 20)).filter(problem => {
      const one = known.find(({ file: name, what }) => problem.startsWith(`${name}:`) && problem.endsWith(what));
      if (one) used.add(one);
      return !one;
    });
  });
  return [...problems, ...known.filter(one => !used.has(one)).map(one => `${one.file}:0 is listed as an example of ${one.what} and holds none`)];
}
