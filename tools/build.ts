/**
 * Builds the portal as production runs it into dist-prod/, or does nothing when no source changed.
 * Usage: node tools/build.ts [--force]
 *
 * dist-prod holds the backend bundle with each workspace package built, and finds third-party packages
 * in the repository's own node_modules; so the second installation that a container image makes is not
 * needed here.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const target = join(root, 'dist-prod');
const stamp = join(target, '.sources');

const sources = [
  'package.json', 'yarn.lock', 'app-config*.yaml', 'tools/build.ts',
  'packages/{app,backend}/package.json', 'packages/{app,backend}/{src,public}/**/*', 'packages/{app,backend}/config.d.ts',
  'plugins/*/package.json', 'plugins/*/{src,migrations}/**/*', 'plugins/*/config.d.ts',
];

/** SHA-256 over names and contents of everything the build reads. */
function sourceHash(): string {
  const hash = createHash('sha256').update(process.version);
  const files = sources.flatMap(pattern => globSync(pattern, { cwd: root })).filter(file => !/\.test\.tsx?$/.test(file)).sort();
  for (const file of files) {
    if (lstatSync(join(root, file)).isFile()) hash.update(file).update('\0').update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** A folder with a `yarn` command: the Backstage CLI calls it by name, and no machine is asked to have one. */
function yarnFolder(): string {
  const folder = join(root, '.tools/bin');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'yarn'), `#!/bin/sh\nexec "${process.execPath}" "${join(root, '.tools/yarn/node_modules/@yarnpkg/cli-dist/bin/yarn.js')}" "$@"\n`, { mode: 0o755 });
  return folder;
}

function run(command: string, args: string[], cwd: string): void {
  const env = { ...process.env, PATH: `${yarnFolder()}:${process.env['PATH']}`, NODE_ENV: 'production', NODE_OPTIONS: '--max-old-space-size=4096' };
  const result = spawnSync(command, args, { cwd, stdio: 'inherit', env, timeout: 900_000 });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}`);
}

/** Lets `require('@airpay/…')` inside dist-prod find the built packages before the TypeScript sources. */
function linkWorkspacePackages(): void {
  for (const manifest of globSync('{packages,plugins}/*/package.json', { cwd: target })) {
    const folder = join(target, dirname(manifest));
    const name: string = JSON.parse(readFileSync(join(target, manifest), 'utf8')).name;
    const link = join(target, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), folder), link);
  }
}

function build(): void {
  const cli = join(root, 'node_modules/@backstage/cli/bin/backstage-cli');
  rmSync(target, { recursive: true, force: true });
  run(process.execPath, [cli, 'package', 'build'], join(root, 'packages/backend'));
  mkdirSync(target, { recursive: true });
  for (const archive of ['skeleton', 'bundle']) {
    run('tar', ['-xzf', join(root, `packages/backend/dist/${archive}.tar.gz`), '-C', target], root);
  }
  linkWorkspacePackages();
}

const hash = sourceHash();
if (!process.argv.includes('--force') && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) {
  console.log('portal bundle: up to date');
} else {
  const startedAt = Date.now();
  build();
  writeFileSync(stamp, hash);
  console.log(`portal bundle: built in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
}
