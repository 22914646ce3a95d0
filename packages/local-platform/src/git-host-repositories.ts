/**
 * Bare repositories on disk, read and made with Debian's git: `<root>/<owner>/<name>.git`, with what
 * git does not know (description, topics) in a file beside HEAD.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gitEnvironment } from './git-host-environment.ts';
import type { Commit, Repository, TreeEntry } from './git-host-model.ts';
import { checkName, checkPath, checkRef } from './git-host-names.ts';

const GIT_TIMEOUT_MS = 15_000;
/** Largest file or listing that is read; larger ones are refused, not cut. */
export const OUTPUT_MAX_BYTES = 32 * 1024 * 1024;
export const REPOSITORIES_MAX = 2_000;
const META_FILE = 'airpay.json';

export type Repositories = ReturnType<typeof repositories>;

/** The repositories below `root`; the given owners are made when missing. */
export function repositories(root: string, owners: string[]) {
  for (const owner of owners) mkdirSync(path.join(root, checkName('owner', owner)), { recursive: true });
  const folder = (owner: string, name: string) => path.join(root, checkName('owner', owner), `${checkName('repository', name)}.git`);
  const git = (owner: string, name: string, args: string[]) => run(root, folder(owner, name), args);
  const get = (owner: string, name: string): Repository | undefined => {
    const file = path.join(folder(owner, name), META_FILE);
    if (!existsSync(file)) return undefined;
    return { owner, name, ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<Repository, 'owner' | 'name'>) };
  };
  const save = ({ owner, name, ...meta }: Repository) => writeFileSync(path.join(folder(owner, name), META_FILE), JSON.stringify(meta, null, 2));
  const list = (owner: string): Repository[] => {
    const names = readdirSync(path.join(root, checkName('owner', owner))).filter(entry => entry.endsWith('.git'));
    return names.sort().map(entry => get(owner, entry.slice(0, -4))).filter(found => found !== undefined);
  };
  const ownerList = () => readdirSync(root).filter(entry => !entry.startsWith('.') && statSync(path.join(root, entry)).isDirectory()).sort();
  return {
    root,
    git,
    get,
    save,
    list,
    owners: ownerList,
    hasOwner: (owner: string) => existsSync(path.join(root, checkName('owner', owner))),
    addOwner: (owner: string) => void mkdirSync(path.join(root, checkName('owner', owner))),
    /** Makes an empty repository. @throws Error when there are REPOSITORIES_MAX already */
    create: async (repository: Repository): Promise<void> => {
      const count = ownerList().reduce((total, owner) => total + list(owner).length, 0);
      if (count >= REPOSITORIES_MAX) throw new Error(`this host holds at most ${REPOSITORIES_MAX} repositories`);
      const target = folder(repository.owner, repository.name);
      await run(root, root, ['init', '--quiet', '--bare', `--initial-branch=${checkRef(repository.defaultBranch)}`, target]);
      save(repository);
    },
    remove: (owner: string, name: string) => rmSync(folder(owner, name), { recursive: true }),
    /** The commit a branch, tag or hash names, or undefined. */
    resolve: async (owner: string, name: string, ref: string): Promise<string | undefined> => {
      checkRef(ref);
      const wanted = [`refs/heads/${ref}`, `refs/tags/${ref}`, ...(/^[0-9a-f]{7,40}$/.test(ref) ? [ref] : [])];
      for (const candidate of wanted) {
        try {
          return (await git(owner, name, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`])).toString().trim();
        } catch {
          // Not this one.
        }
      }
      return undefined;
    },
    /** What stands in a folder at a commit, or the one entry of a file; undefined when nothing does. */
    tree: async (owner: string, name: string, sha: string, at: string): Promise<{ entry?: TreeEntry; children: TreeEntry[] } | undefined> => {
      const where = checkPath(at);
      if (where === '') return { children: parseTree(await git(owner, name, ['ls-tree', '-l', '-z', sha])) };
      const [entry] = parseTree(await git(owner, name, ['ls-tree', '-l', '-z', sha, '--', where]));
      if (entry === undefined) return undefined;
      if (entry.type !== 'dir') return { entry, children: [] };
      return { entry, children: parseTree(await git(owner, name, ['ls-tree', '-l', '-z', sha, '--', `${where}/`])) };
    },
    blob: (owner: string, name: string, sha: string) => git(owner, name, ['cat-file', 'blob', sha]),
    commits: async (owner: string, name: string, sha: string, limit: number): Promise<Commit[]> => {
      const format = '%H%x00%P%x00%an%x00%ae%x00%aI%x00%s%x00%b%x01';
      const text = (await git(owner, name, ['log', `--max-count=${limit}`, `--format=${format}`, sha, '--'])).toString();
      return text.split('\x01').map(line => line.replace(/^\n/, '')).filter(line => line !== '').map(parseCommit);
    },
    branches: async (owner: string, name: string): Promise<{ name: string; sha: string }[]> => {
      const text = (await git(owner, name, ['for-each-ref', '--count=500', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads/'])).toString();
      return text.trim().split('\n').filter(line => line !== '').map(line => ({ name: line.split(' ')[0]!, sha: line.split(' ')[1]! }));
    },
    archive: (owner: string, name: string, sha: string) => git(owner, name, ['archive', '--format=tar.gz', `--prefix=${name}/`, sha]),
    patch: async (owner: string, name: string, sha: string) => (await git(owner, name, ['show', '--format=', '--stat', '--patch', sha, '--'])).toString(),
  };
}

function run(home: string, cwd: string, args: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: gitEnvironment(home, process.env.PATH ?? '/usr/bin:/bin'), timeout: GIT_TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES, encoding: 'buffer' as const };
    execFile('git', args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(new Error(`git ${args[0]}: ${stderr.toString().trim() || error.message}`));
    });
  });
}

function parseTree(output: Buffer): TreeEntry[] {
  const kinds: Record<string, TreeEntry['type']> = { '040000': 'dir', '120000': 'symlink', '160000': 'submodule' };
  const entries = output.toString('utf8').split('\0').filter(line => line !== '').map(line => {
    const [meta, ...rest] = line.split('\t');
    const [mode, , sha, size] = meta!.split(/ +/);
    const full = rest.join('\t');
    return { name: full.split('/').at(-1)!, path: full, type: kinds[mode!] ?? ('file' as const), sha: sha!, sizeBytes: Number(size) || 0 };
  });
  return entries.sort((a, b) => Number(b.type === 'dir') - Number(a.type === 'dir') || a.name.localeCompare(b.name));
}

function parseCommit(line: string): Commit {
  const [sha, parents, author, email, at, subject, body] = line.split('\0') as [string, string, string, string, string, string, string];
  return { sha, parents: parents.split(' ').filter(parent => parent !== ''), author, email, at, subject, body: body.trim() };
}
