/**
 * Reads the digest of every image of components.lock.yaml from its registry (HTTP API V2).
 * Usage: node infra/gitops/pin.ts --check | --write  [--only <component>] [--registry <host>=<url>]...
 * --check ends with 1 when a registry says another digest than the lock, --write takes it into the lock, values and manifests. A
 * registry that cannot be asked is named and changes nothing. `--registry` asks a mirror in place of a host.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseDocument } from 'yaml';

const here = import.meta.dirname;
export const lockFile = path.join(here, 'components.lock.yaml');
const INDEX = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;

export interface Image {
  name: string;
  tag: string;
  digest: string;
  source: string;
  date: string;
}

export interface Component {
  component: string;
  chart?: string;
  repository?: string;
  version?: string;
  images: Image[];
}

export interface Lock {
  components: Component[];
}

export function readLock(file = lockFile): Lock {
  return parseDocument(readFileSync(file, 'utf8')).toJS() as Lock;
}

/** The host whose API serves an image, and the image's name there. */
export function endpointOf(name: string, mirrors: ReadonlyMap<string, string>): { base: string; repository: string } {
  const slash = name.indexOf('/');
  const host = name.slice(0, slash);
  const repository = name.slice(slash + 1);
  return { base: mirrors.get(host) ?? `https://${host === 'docker.io' ? 'registry-1.docker.io' : host}`, repository };
}

/** Digest of the index of a tag. @throws Error when the registry does not answer, or answers something that is not what it says it is */
export async function resolve(name: string, tag: string, mirrors: ReadonlyMap<string, string> = new Map()): Promise<string> {
  const { base, repository } = endpointOf(name, mirrors);
  const url = `${base}/v2/${repository}/manifests/${tag}`;
  let answer = await get(url, { accept: INDEX });
  if (answer.status === 401) answer = await get(url, { accept: INDEX, authorization: `Bearer ${await tokenFor(answer.headers.get('www-authenticate'), repository)}` });
  if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}`);
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  if (!INDEX.includes(type) || type === '') throw new Error(`${url} is no index over architectures but ${type || 'of no type'}`);
  const digest = `sha256:${createHash('sha256').update(await bodyOf(answer)).digest('hex')}`;
  const said = answer.headers.get('docker-content-digest');
  if (said !== null && said !== digest) throw new Error(`${url} says ${said}, its content is ${digest}`);
  return digest;
}

/** Anonymous token for reading, from where the registry says. */
async function tokenFor(challenge: string | null, repository: string): Promise<string> {
  const fields = new Map([...(challenge ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(match => [match[1]!, match[2]!]));
  const realm = fields.get('realm');
  if (!challenge?.startsWith('Bearer ') || realm === undefined) throw new Error(`no way to a token: ${challenge}`);
  const url = new URL(realm);
  url.searchParams.set('service', fields.get('service') ?? '');
  url.searchParams.set('scope', `repository:${repository}:pull`);
  const answer = await get(url.href, {});
  if (answer.status !== 200) throw new Error(`${url.origin} gives no token: ${answer.status}`);
  const { token, access_token: other } = JSON.parse((await bodyOf(answer)).toString('utf8')) as { token?: string; access_token?: string };
  const found = token ?? other;
  if (!found) throw new Error(`${url.origin} gives no token`);
  return found;
}

function get(url: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
}

async function bodyOf(answer: Response): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (answer.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes from ${answer.url}`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The text of a values file or manifest with an image's new digest in place of its old one, or after its tag when it had none. */
export function withDigest(text: string, image: Image, digest: string): string {
  if (image.digest !== 'unknown') return text.replaceAll(image.digest, digest);
  return text.replaceAll(`${image.name}:${image.tag}`, `${image.name}:${image.tag}@${digest}`);
}

/** Files of a component that may name an image. */
export function filesOf(component: string, folder = here): string[] {
  return ['platform-components', 'devops-components'].flatMap(kind => {
    const base = path.join(folder, kind, component);
    try {
      return readdirSync(base, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.yaml')).map(file => path.join(base, file));
    } catch {
      return [];
    }
  });
}

export interface Found {
  component: string;
  image: Image;
  digest?: string;
  error?: string;
}

export async function ask(lock: Lock, mirrors: ReadonlyMap<string, string>, only?: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const { component, images } of lock.components) {
    if (only !== undefined && only !== component) continue;
    for (const image of images) {
      try {
        found.push({ component, image, digest: await resolve(image.name, image.tag, mirrors) });
      } catch (error) {
        found.push({ component, image, error: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return found;
}

/** Takes what registries say into the lock and the files of the components. */
export function write(found: readonly Found[], folder = here, today = new Date().toISOString().slice(0, 10)): string[] {
  const changed = found.filter(({ image, digest }) => digest !== undefined && digest !== image.digest);
  const file = path.join(folder, 'components.lock.yaml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const { component, image, digest } of changed) {
    const components = (document.toJS() as Lock).components;
    const at = components.findIndex(item => item.component === component);
    const which = components[at]!.images.findIndex(item => item.name === image.name);
    document.setIn(['components', at, 'images', which, 'digest'], digest);
    document.setIn(['components', at, 'images', which, 'source'], new URL(endpointOf(image.name, new Map()).base).host);
    document.setIn(['components', at, 'images', which, 'date'], today);
    for (const one of filesOf(component, folder)) {
      const before = readFileSync(one, 'utf8');
      const after = withDigest(before, image, digest!);
      if (after !== before) writeFileSync(one, after);
    }
  }
  if (changed.length > 0) writeFileSync(file, document.toString({ lineWidth: 140 }));
  return changed.map(({ component, image }) => `${component} ${image.name}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, write: { type: 'boolean' }, only: { type: 'string' }, registry: { type: 'string', multiple: true } } });
  if (values.check === values.write) {
    process.stderr.write('usage: node infra/gitops/pin.ts --check | --write [--only <component>] [--registry <host>=<url>]...\n');
    return 2;
  }
  const mirrors = new Map((values.registry ?? []).map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const));
  const found = await ask(readLock(), mirrors, values.only);
  for (const { image, error } of found) if (error) process.stderr.write(`${image.name}:${image.tag} not asked: ${error}\n`);
  const different = found.filter(({ image, digest }) => digest !== undefined && digest !== image.digest);
  for (const { image, digest } of different) process.stdout.write(`${image.name}:${image.tag} lock ${image.digest}, registry ${digest}\n`);
  if (values.write) write(found);
  return values.check && different.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main();
