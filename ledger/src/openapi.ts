/** `node src/openapi.ts [--release]`: writes the API's description to where it is committed. `--release`: also as what was last released. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from './domain/config.ts';
import { buildService } from './service.ts';

const root = resolve(import.meta.dirname, '../..');
export const descriptionFile = resolve(root, 'ledger/openapi.json');
/** What clients were last promised. */
export const releasedFile = resolve(root, 'ledger/openapi.released.json');
export const catalogFile = resolve(root, 'catalog/payments/ledger-api.yaml');

/** As the service gives it; nothing is connected to. */
export async function readDescription(): Promise<string> {
  const service = buildService(readConfig({
    LEDGER_ENVIRONMENT: 'local', LEDGER_PORT: '0', LEDGER_REGION: 'none', LEDGER_INSTANCE: 'none', LEDGER_LOG_LEVEL: 'silent',
    LEDGER_DATABASE_URL: 'postgresql://none@127.0.0.1:1/none', LEDGER_DATABASE_TLS: 'disable', LEDGER_API_KEYS: 'not-used-to-call-anything',
  }));
  const reply = await service.app.inject('/openapi.json');
  await service.close();
  if (reply.statusCode !== 200) throw new Error(`/openapi.json answered ${reply.statusCode}`);
  return `${print(reply.json(), '')}\n`;
}

const lineMax = 150;

/** JSON with what fits on one line on one line: thousands of lines of brackets say nothing to a reviewer. */
function print(value: unknown, indent: string): string {
  const flat = JSON.stringify(value);
  if (flat.length + indent.length <= lineMax || value === null || typeof value !== 'object') return flat;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map(item => deeper + print(item, deeper)).join(',\n')}\n${indent}]`;
  return `{\n${Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${print(item, deeper)}`).join(',\n')}\n${indent}}`;
}

const begin = '  definition: |\n';

/** The catalog's entity with the description in it: it is read from a file, and such may not refer to others. */
export function withDefinition(entity: string, description: string): string {
  const at = entity.indexOf(begin);
  if (at < 0) throw new Error(`${catalogFile} has no definition to replace`);
  return entity.slice(0, at + begin.length) + description.replace(/^(?=.)/gm, '    ');
}

if (process.argv[1] === import.meta.filename) {
  const description = await readDescription();
  writeFileSync(descriptionFile, description);
  writeFileSync(catalogFile, withDefinition(readFileSync(catalogFile, 'utf8'), description));
  if (process.argv.includes('--release')) writeFileSync(releasedFile, description);
}
