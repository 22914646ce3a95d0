/**
 * Runs a template of templates/ with Backstage's real engine and actions, as a dry run: everything up to publishing
 * really happens. Around it stand the catalog of catalog/ and a git host that knows no repository.
 */
import { createBackend } from '@backstage/backend-defaults';
import { coreServices, createServiceFactory, RootLoggerService } from '@backstage/backend-plugin-api';
import { Entity } from '@backstage/catalog-model';
import { ConfigReader } from '@backstage/config';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { catalogServiceMock } from '@backstage/plugin-catalog-node/testUtils';
import scaffolder from '@backstage/plugin-scaffolder-backend';
import gitea from '@backstage/plugin-scaffolder-backend-module-gitea';
import fs from 'node:fs/promises';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import airpay from '../src';

/** Root of the repository. */
export const ROOT = path.resolve(__dirname, '../../..');
export const TEMPLATES = path.join(ROOT, 'templates');

const SILENT: RootLoggerService = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => SILENT,
};

export interface Harness {
  /** @returns rendered files by path in the workspace, or why the template refused */
  render(template: string, values: object): Promise<{ files: Map<string, string> } | { refusal: string }>;
  stop(): Promise<void>;
}

/** @param options.taken - repositories that exist on the git host and belong to somebody else */
export async function startHarness(options: { taken?: string[] } = {}): Promise<Harness> {
  const gitHost = await startGitHost(new Set(options.taken));
  const port = await freePort();
  const config = await testConfig(port, gitHost.port);
  const entities = await readCatalog();
  const backend = createBackend();
  backend.add(
    createServiceFactory({ service: coreServices.rootConfig, deps: {}, factory: () => new ConfigReader(config) }),
  );
  backend.add(
    createServiceFactory({ service: catalogServiceRef, deps: {}, factory: () => catalogServiceMock({ entities }) }),
  );
  // What a template logs is in its answer; a test run shows refusals, not progress.
  backend.add(createServiceFactory({ service: coreServices.rootLogger, deps: {}, factory: () => SILENT }));
  backend.add(scaffolder);
  backend.add(gitea);
  backend.add(airpay);
  await backend.start();
  return {
    render: (template, values) => dryRun(`http://127.0.0.1:${port}/api/scaffolder/v2/dry-run`, template, values),
    async stop() {
      await backend.stop();
      await gitHost.stop();
    },
  };
}

/** Every entity of catalog/, as the catalog would read it. */
export async function readCatalog(): Promise<Entity[]> {
  const folder = path.join(ROOT, 'catalog');
  const names = await fs.readdir(folder, { recursive: true });
  const files = names.filter(name => name.endsWith('.yaml')).map(name => path.join(folder, name));
  files.push(path.join(ROOT, 'catalog-info.yaml'), path.join(ROOT, 'ledger/catalog-info.yaml'));
  const texts = await Promise.all(files.map(file => fs.readFile(file, 'utf8')));
  return texts.flatMap(text => parseAllDocuments(text).map(document => document.toJS() as Entity));
}

/** Inputs of a template: values by file name without ending. */
export async function readInputs(template: string, kind: 'valid' | 'invalid'): Promise<Map<string, any>> {
  const folder = path.join(TEMPLATES, template, 'tests', kind);
  const names = (await fs.readdir(folder)).filter(name => name.endsWith('.yaml')).sort();
  const entries = names.map(async (name): Promise<[string, any]> => [
    name.replace(/\.yaml$/, ''),
    parse(await fs.readFile(path.join(folder, name), 'utf8')),
  ]);
  return new Map(await Promise.all(entries));
}

async function dryRun(url: string, template: string, values: object) {
  const folder = path.join(TEMPLATES, template);
  const names = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
  const directoryContents = await Promise.all(
    files.map(async file => ({
      path: path.relative(folder, file),
      base64Content: (await fs.readFile(file)).toString('base64'),
    })),
  );
  const definition = parse(await fs.readFile(path.join(folder, 'template.yaml'), 'utf8'));
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ template: definition, values, directoryContents }),
  });
  const answer: any = await response.json();
  if (!response.ok) return { refusal: refusalOf(answer) };
  const rendered: Array<{ path: string; base64Content: string }> = answer.directoryContents;
  return {
    files: new Map(rendered.map(file => [file.path, Buffer.from(file.base64Content, 'base64').toString('utf8')])),
  };
}

/** Refusals of the form are a list of schema errors; those of actions one error. */
function refusalOf(answer: any): string {
  if (!Array.isArray(answer.errors)) return String(answer.error?.message ?? JSON.stringify(answer));
  return answer.errors.map((error: any) => `${error.property}: ${error.message}`).join('\n');
}

async function testConfig(port: number, gitPort: number): Promise<any> {
  const file = parse(await fs.readFile(path.join(ROOT, 'app-config.yaml'), 'utf8'));
  const baseUrl = `http://127.0.0.1:${port}`;
  const host = `127.0.0.1:${gitPort}`;
  return {
    app: { baseUrl },
    backend: {
      baseUrl,
      listen: { host: '127.0.0.1', port },
      database: { client: 'better-sqlite3', connection: ':memory:' },
      // The harness listens on this machine for seconds and has nobody to sign in.
      auth: { dangerouslyDisableDefaultAuthPolicy: true },
    },
    scaffolder: file.scaffolder,
    integrations: { gitea: [{ host, baseUrl: `http://${host}`, username: 'portal', password: 'unused' }] },
    airpay: { templates: file.airpay.templates },
  };
}

async function startGitHost(taken: Set<string>): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const [, repository, rest] = /^\/api\/v1\/repos\/[^/]+\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
    const known = repository !== undefined && taken.has(repository) && (rest === '' || rest.startsWith('/git/commits/'));
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known ? { name: repository, sha: 'a'.repeat(40) } : { message: 'not found' }));
  });
  const port = await listen(server);
  return { port, stop: () => close(server) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  return port;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise(resolve => server.close(() => resolve()));
}
