/**
 * Looks for secrets in what is about to be committed; .githooks/pre-commit runs it. Needs no packages unless it found something.
 * Usage: node infra/terraform/checks/secrets-staged.ts, in the work tree. Exit 0: none; 1: each line names one; 2: it could not be decided.
 */
import { blobOf, git, readBlobs } from './git-objects.ts';
import { findSecrets, readMax, said, textOf } from './secrets.ts';

/** @returns "file:line problem" for what the index has and the last commit has not. @throws Error when git fails */
export async function secretsStaged(repository: string, excepted: () => Promise<ReadonlySet<string>>): Promise<string[]> {
  const words = git(repository, ['diff', '--cached', '--raw', '--no-abbrev', '--no-renames', '--no-ext-diff', '--ignore-submodules=none', '--diff-filter=ACMT', '-z']).split('\0');
  const files = new Map<string, string[]>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    const id = blobOf(words[index]!);
    if (id !== undefined) files.set(id, [...(files.get(id) ?? []), words[index + 1]!]);
  }
  if (files.size === 0) return [];
  const found: { key: string; problem: string }[] = [];
  await readBlobs(repository, files.keys(), readMax, (id, _size, bytes) => {
    const names = files.get(id)!;
    if (!bytes) throw new Error(`${names[0]} is staged, and its content is not there`);
    const text = textOf(bytes) ?? '';
    for (const file of names) for (const one of findSecrets(file, text)) found.push({ key: `${id} ${one.what}`, problem: said(file, one) });
  });
  if (found.length === 0) return [];
  const known = await excepted();
  return found.filter(({ key }) => !known.has(key)).map(({ problem }) => problem);
}

async function main(): Promise<number> {
  const problems = await secretsStaged(process.cwd(), async () => {
    try {
      const { exceptedOn, readExceptions } = await import('./secrets-history.ts');
      return exceptedOn(new Date(), readExceptions());
    } catch {
      console.error('Without the packages of this repository (tools/run brings them) its exceptions cannot be read.');
      return new Set<string>();
    }
  });
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) console.error('Not committed. A test puts such a text together from parts; what only looks like a secret: infra/terraform/checks/secrets-known.yaml.');
  return problems.length === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(`Secrets could not be looked for: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
