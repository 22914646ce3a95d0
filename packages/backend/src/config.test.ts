/** Both configurations are what the plugins' schemas allow, and production holds no secret and no door without a lock. */
import { ConfigSources, loadConfigSchema } from '@backstage/config-loader';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

jest.setTimeout(180_000);
const ROOT = path.resolve(__dirname, '../../..');

/** The configuration with app-config.yaml below it, every ${NAME} replaced by a value that fits. */
async function load(name: string) {
  const text = ['app-config.yaml', name].map(file => readFileSync(path.join(ROOT, file), 'utf8')).join('\n');
  const names = [...text.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(match => match[1]);
  const env = Object.fromEntries(names.map(one => [one, /PORT$/.test(one) ? '1234' : `http://value-of.${one.toLowerCase()}`]));
  const argv = ['--config', path.join(ROOT, 'app-config.yaml'), '--config', path.join(ROOT, name)];
  const source = ConfigSources.default({ watch: false, rootDir: ROOT, argv, substitutionFunc: async one => env[one] });
  return ConfigSources.toConfig(source);
}

/** Every value at a key that sounds secret, with its path. */
function secretsIn(value: unknown, at: string[] = []): Array<[string, unknown]> {
  if (typeof value !== 'object' || value === null) {
    return /secret|password|token|apikey|databaseurls|privatekey/i.test(at.join('.')) ? [[at.join('.'), value]] : [];
  }
  return Object.entries(value).flatMap(([key, member]) => secretsIn(member, [...at, key]));
}

describe.each(['app-config.local.yaml', 'app-config.production.yaml'])('%s', name => {
  it('fits the schemas of every installed plugin', async () => {
    const schema = await loadConfigSchema({ dependencies: ['backend'] });
    const config = await load(name);
    expect(() => schema.process([{ context: name, data: config.get() as any }], { ignoreSchemaErrors: false })).not.toThrow();
    expect(config.getConfigArray('airpay.recovery.systems')[0].getConfigArray('regions')).toHaveLength(2);
  });

  it('takes every secret from the environment', () => {
    const data = parse(readFileSync(path.join(ROOT, name), 'utf8'));
    const secrets = secretsIn(data);
    expect(secrets.length).toBeGreaterThanOrEqual(5);
    expect(secrets.filter(([, value]) => !/^\$\{[A-Z0-9_]+\}$/.test(String(value)))).toEqual([]);
  });
});

it('production signs in with Google and nothing else', async () => {
  const config = await load('app-config.production.yaml');
  expect(config.getConfig('auth.providers').keys()).toEqual(['google']);
  expect(config.getString('auth.environment')).toBe('production');
  expect(config.getString('airpay.environment')).toBe('production');
  expect(config.getBoolean('permission.enabled')).toBe(true);
});
