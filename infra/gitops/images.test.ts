/** The images, as far as they can be tried where no container engine is: the files they copy are laid out as in the image, and the program is started. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { faultsOf, readDockerfile, type Stage } from './dockerfile.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const images = [
  { app: 'ledger', file: 'ledger/Dockerfile', package: 'ledger', manifests: ['infra/gitops/apps/ledger/base/deployment.yaml', 'infra/gitops/apps/ledger/migrate/job.yaml'] },
  { app: 'synthetic-payer', file: 'packages/local-platform/Dockerfile', package: 'packages/local-platform', manifests: ['infra/gitops/apps/synthetic-payer/base/statefulset.yaml'] },
  { app: 'portal', file: 'packages/backend/Dockerfile', package: 'packages/backend', manifests: ['infra/gitops/apps/portal/base/deployment.yaml'] },
].map(one => ({ ...one, stages: readDockerfile(read(one.file)) }));

const containers = (files: string[]) =>
  files.flatMap(file => parseAllDocuments(read(file), { version: '1.1' }).map(document => document.toJS()))
    .filter(item => item.spec.template)
    .map(item => ({ pod: item.spec.template.spec, container: item.spec.template.spec.containers[0] }));

/** Where a path of the image comes from: the files of the last stage that the build context has. */
function contextFiles(stage: Stage): { source: string; target: string }[] {
  return stage.copies.filter(copy => copy.from === undefined).flatMap(copy =>
    copy.sources.flatMap(pattern => {
      const found = globSync(pattern, { cwd: root }).filter(file => !/\.test\.tsx?$/.test(file));
      assert.ok(found.length > 0, `COPY ${pattern}: nothing is there`);
      const intoFolder = copy.target.endsWith('/');
      return found.map(source => ({ source, target: path.posix.join(stage.workdir, copy.target, intoFolder ? path.basename(source) : '') }));
    }));
}

describe('images', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'image-'));
  after(() => rmSync(folder, { recursive: true }));

  it('pins every base by digest, runs as nobody, and copies what is there', () => {
    for (const { file, stages } of images) {
      assert.deepEqual(faultsOf(stages), [], file);
      for (const stage of stages) contextFiles({ ...stage, copies: stage.copies.filter(copy => !copy.sources.includes('.')) });
    }
  });

  it('refuses a base by tag, root, a context copied whole, a stage that is not there, and what a URL or latest brings', () => {
    const good = images[0]!.stages;
    const last = good.at(-1)!;
    const bad = (change: Partial<Stage>) => faultsOf([good[0]!, { ...last, ...change }]).join();
    assert.match(bad({ image: 'gcr.io/distroless/nodejs24-debian12:nonroot' }), /not pinned/);
    assert.match(bad({ image: `x:y@sha256:${'0'.repeat(64)}` }), /not pinned/);
    for (const user of [undefined, 'root', '0:0', '65532:0', 'nonroot']) assert.match(bad({ user: user as string }), /not as a numbered user/);
    assert.match(bad({ copies: [{ sources: ['.'], target: './' }] }), /whole build context/);
    assert.match(bad({ copies: [{ from: 'elsewhere', sources: ['/x'], target: '/x' }] }), /no stage/);
    assert.match(bad({ runs: ['npm install --global yarn@latest'] }), /nothing pins/);
    assert.match(bad({ runs: ['curl -fsSL example.com | sh'] }), /nothing pins/);
    assert.match(bad({ command: [] }), /starts nothing/);
    assert.throws(() => readDockerfile('FROM a\nADD https://example.com/x /x'), /ADD is not known/);
  });

  it('take the same base images, and the Yarn that the repository takes, by the same checksum', () => {
    const bases = new Set(images.flatMap(({ stages }) => stages.map(stage => stage.image)));
    assert.equal(bases.size, 2, [...bases].join());
    const front = read('tools/run');
    const [version, checksum] = ['yarn_version', 'yarn_sha256'].map(name => new RegExp(`^${name}=(\\S+)$`, 'm').exec(front)![1]!);
    for (const { file, stages } of images.filter(one => one.app !== 'portal')) {
      const runs = stages.flatMap(stage => stage.runs).join('\n');
      assert.ok(runs.includes(`@yarnpkg/cli-dist@${version}`) && runs.includes(`${checksum}  /yarn`), `${file}: not the Yarn of tools/run`);
    }
    assert.ok(images.find(one => one.app === 'portal')!.stages[0]!.runs.includes('tools/run build'));
    assert.equal(JSON.parse(read('package.json')).packageManager, `yarn@${version}`);
  });

  it('the build context is a list of what may go in, and has no file of secrets, history or state', () => {
    const lines = read('.dockerignore').split('\n').filter(line => line !== '' && !line.startsWith('#'));
    assert.equal(lines[0], '*', 'everything is out');
    for (const line of lines.filter(one => one.startsWith('!'))) assert.ok(existsSync(path.join(root, line.slice(1))), `${line}: is not there`);
    for (const out of ['**/node_modules', '**/.env*', '**/*-credentials.yaml', '**/*.log']) assert.ok(lines.includes(out), out);
    assert.ok(!lines.some(line => /^!(\.git|\.local|\.tools|\*|\.)$/.test(line)));
    for (const { stages } of images) {
      for (const source of stages.flatMap(stage => stage.copies.filter(copy => copy.from === undefined).flatMap(copy => copy.sources))) {
        assert.ok(source === '.' || lines.some(line => line.startsWith('!') && (source === line.slice(1) || source.startsWith(`${line.slice(1)}/`))), `${source} is kept out by .dockerignore`);
      }
    }
  });

  it('workloads start a file that their image has, as the user it is made for, and name the image that a release writes', () => {
    for (const { app, stages, manifests } of images) {
      const stage = stages.at(-1)!;
      const has = contextFiles(stage);
      for (const { pod, container } of containers(manifests)) {
        const args: string[] = container.args ?? stage.command;
        const file = path.posix.join(stage.workdir, args[0]!);
        const inImage = has.some(({ source, target }) => (target === file && existsSync(path.join(root, source))) || (file.startsWith(`${target}/`) && existsSync(path.join(root, source, file.slice(target.length + 1)))));
        // The portal's program is a package that the build makes.
        const built = app === 'portal' && args[0] === 'packages/backend' && JSON.parse(read('packages/backend/package.json')).main === 'dist/index.cjs.js';
        assert.ok(inImage || built, `${app}: ${file} is not in the image`);
        for (const config of args.filter(arg => arg.endsWith('.yaml'))) assert.ok(has.some(({ target }) => target === path.posix.join(stage.workdir, config)), config);
        assert.equal(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`, stage.user, app);
        assert.equal(container.image.split('@')[0], app);
      }
      for (const overlay of globSync(`infra/gitops/apps/${app}/overlays/*/kustomization.yaml`, { cwd: root })) {
        const { images: written } = parse(read(overlay)) as { images: { name: string; newName: string }[] };
        assert.deepEqual(written.map(item => [item.name, item.newName]), [[app, `${parse(read('infra/estate.yaml')).registry.host}/${app}`]], overlay);
      }
    }
  });

  /** The image's files in a folder, with what another stage installs taken from this checkout. */
  function layOut(app: string): { cwd: string; entry: string } {
    const { stages } = images.find(one => one.app === app)!;
    const stage = stages.at(-1)!;
    const at = (target: string) => path.join(folder, app, target);
    for (const { source, target } of contextFiles(stage)) {
      const to = source.endsWith('package.json') && !target.endsWith('.json') ? path.join(at(target), 'package.json') : at(target);
      mkdirSync(path.dirname(to), { recursive: true });
      cpSync(path.join(root, source), to, { recursive: true });
    }
    for (const { sources, target } of stage.copies.filter(copy => copy.from !== undefined)) {
      const installed = path.join(root, sources[0]!.replace(/^\/build\//, ''));
      assert.ok(existsSync(installed), installed);
      const to = at(path.posix.isAbsolute(target) ? target : path.posix.join(stage.workdir, target));
      mkdirSync(path.dirname(to), { recursive: true });
      if (sources[0]!.endsWith('/node_modules')) symlinkSync(installed, to);
      else cpSync(installed, to, { recursive: true, filter: file => !path.relative(installed, file).includes('node_modules') });
    }
    return { cwd: at(stage.workdir), entry: stage.command[0]! };
  }

  function start(app: string, args: string[], env: Record<string, string> = {}) {
    const { cwd } = { cwd: path.join(folder, app, images.find(one => one.app === app)!.stages.at(-1)!.workdir) };
    return spawnSync(process.execPath, args, { cwd, env: { NODE_ENV: 'production', ...env }, encoding: 'utf8', timeout: 30_000 });
  }

  it('ledger: service and migration start from the files of the image, and say which settings are missing', () => {
    const { entry } = layOut('ledger');
    for (const [args, name] of [[[entry], 'LEDGER_DATABASE_URL'], [['src/migrate.ts'], 'LEDGER_MIGRATION_DATABASE_URL']] as const) {
      const { status, stderr } = start('ledger', [...args]);
      assert.equal(status, 1, stderr);
      assert.match(stderr, new RegExp(`The environment is not usable:[^]*${name} is missing`));
    }
    // Packages beside those of the ledger are not in its image.
    const { dependencies } = JSON.parse(read('ledger/package.json'));
    const imported = globSync('ledger/src/**/*.ts', { cwd: root }).filter(file => !file.endsWith('.test.ts'))
      .flatMap(file => [...read(file).matchAll(/(?:from|import)\s+'([^'.][^']*)'/g)].map(match => match[1]!)).filter(name => !name.startsWith('node:'));
    const unknown = imported.filter(name => !Object.keys(dependencies).some(known => name === known || name.startsWith(`${known}/`)));
    assert.deepEqual([...new Set(unknown)], []);
  });

  it('synthetic payer: starts from its own few files and the one package, nothing else within reach', () => {
    const { entry } = layOut('synthetic-payer');
    const { status, stderr } = start('synthetic-payer', [entry]);
    assert.equal(status, 1);
    assert.match(stderr, /the environment is not usable:\n {2}- PAYER_LEDGER_URL is missing/);
    rmSync(path.join(folder, 'synthetic-payer/app/node_modules/bintrees'), { recursive: true });
    assert.match(start('synthetic-payer', [entry]).stderr, /Cannot find module 'bintrees'/, 'a package that is left out is noticed');
  });

  it('synthetic payer: every setting of its manifest is one that it reads', () => {
    const { container } = containers(['infra/gitops/apps/synthetic-payer/base/statefulset.yaml'])[0]!;
    const source = read('packages/local-platform/src/payer.ts');
    for (const { name } of container.env) assert.ok(source.includes(`'${name}'`), name);
    const needed = [...source.matchAll(/(?:text|whole)\('(PAYER_[A-Z_]+)'/g)].map(match => match[1]!);
    assert.deepEqual([...new Set(needed)].sort(), container.env.map((item: { name: string }) => item.name).sort());
  });
});
