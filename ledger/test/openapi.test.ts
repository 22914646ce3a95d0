/** The API's description: valid, committed as it is served, shown in the catalog, and kept to what was released. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { breakingChanges } from '../src/domain/apiChanges.ts';
import { errors } from '../src/domain/errors.ts';
import { scopes } from '../src/domain/scopes.ts';
import { operations } from '../src/edge/openapi-operations.ts';
import { catalogFile, descriptionFile, readDescription, releasedFile, withDefinition } from '../src/openapi.ts';
import { Contract } from './support/contract.ts';

let text: string;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any JSON
let api: any;
before(async () => {
  text = await readDescription();
  api = JSON.parse(text);
});

test('it is valid OpenAPI 3.1, by the schema of the specification, and a broken one is not', async () => {
  assert.equal(api.openapi, '3.1.0');
  assert.deepEqual(await new Validator().validate(structuredClone(api)), { valid: true });
  const broken = structuredClone(api);
  delete broken.paths['/v1/transfers'].post.responses[201].description;
  assert.equal((await new Validator().validate(broken)).valid, false);
});

test('ledger/openapi.json and the catalog hold what the service serves', () => {
  const hint = 'run `node ledger/src/openapi.ts` and look at what changed';
  assert.ok(readFileSync(descriptionFile, 'utf8') === text, hint);
  const entity = readFileSync(catalogFile, 'utf8');
  assert.ok(withDefinition(entity, text) === entity, hint);
});

test('it breaks no client of the last release, or has a new major version', () => {
  const released = JSON.parse(readFileSync(releasedFile, 'utf8'));
  assert.deepEqual(breakingChanges(released, api), []);
  const broken = structuredClone(api);
  delete broken.components.schemas.Transfer.properties.amountMinor;
  assert.match(breakingChanges(released, broken).join('\n'), /POST \/v1\/transfers 201: amountMinor is gone/);
});

test('every route is described, and everything that is described is a route', () => {
  const described = Object.entries(api.paths as Record<string, object>).flatMap(([path, item]) => Object.keys(item).map(method => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`));
  assert.deepEqual(described.sort(), Object.keys(operations).sort());
});

test('every example of a request is one that the service would take', () => {
  const contract = new Contract(api);
  let examples = 0;
  for (const operation of contract.operations()) {
    if (operation.example === undefined) continue;
    examples++;
    assert.deepEqual(contract.requestFaults(operation, operation.example), [], operation.name);
    assert.notDeepEqual(contract.requestFaults(operation, { ...(operation.example as object), nonsense: 1 }), [], operation.name);
  }
  assert.ok(examples >= 14);
});

test('every example of an answer is one that the service could give', () => {
  const contract = new Contract(api);
  const found = Object.entries(api.components.schemas as Record<string, { examples?: object[] }>).flatMap(([name, { examples = [] }]) => examples.map(example => [name, example] as const));
  assert.ok(found.length >= 6);
  for (const [name, example] of found) {
    assert.deepEqual(contract.schemaFaults(name, example), [], name);
    const [first] = Object.keys(example);
    assert.notDeepEqual(contract.schemaFaults(name, { ...example, [first!]: undefined }), [], name);
  }
});

test('under /v1 every operation names its scope, its refusals and, if it changes something, its key', () => {
  for (const [path, item] of Object.entries(api.paths as Record<string, Record<string, { security: Record<string, string[]>[]; responses: object; parameters?: { $ref?: string }[] }>>)) {
    if (!path.startsWith('/v1/')) continue;
    for (const [method, operation] of Object.entries(item)) {
      const name = `${method.toUpperCase()} ${path}`;
      for (const alternative of operation.security) for (const scope of Object.values(alternative).flat()) assert.ok((scopes as readonly string[]).includes(scope), name);
      for (const status of ['400', '401', '403', '429', '503', 'default']) assert.ok(status in operation.responses, `${name} ${status}`);
      const { kind } = operations[`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`]!;
      assert.equal(operation.parameters?.some(one => one.$ref?.endsWith('IdempotencyKey')) ?? false, kind === 'command', name);
    }
  }
});

test('every code of the registry is told of somewhere, but those that come before there is a request', () => {
  const told = new Set([...JSON.stringify(api).matchAll(/"properties":\{"code":\{"enum":(\[[^\]]*\])/g)].flatMap(match => JSON.parse(match[1]!) as string[]));
  const beforeARequest = ['headers-too-large', 'internal', 'method-not-allowed', 'not-found', 'request-timeout', 'hold-not-due'];
  assert.deepEqual(beforeARequest.filter(code => told.has(code)), []);
  const ofOperations = Object.keys(errors).filter(code => !beforeARequest.includes(code));
  assert.deepEqual(ofOperations.filter(code => !told.has(code)), []);
});
