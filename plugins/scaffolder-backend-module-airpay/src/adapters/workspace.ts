import { resolveSafeChildPath } from '@backstage/backend-plugin-api';
import fs from 'node:fs/promises';
import path from 'node:path';

/** A rendered service has some 60 files; ten times that means that something else got in. */
const MAX_FILES = 600;
const MAX_FILE_BYTES = 512 * 1024;

/**
 * Text of every file below a folder, by path relative to it, with forward slashes.
 * @throws Error when there are too many files or one is too large; symbolic links are refused
 */
export async function readFolder(workspacePath: string, folder: string): Promise<Map<string, string>> {
  const root = resolveSafeChildPath(workspacePath, folder);
  const entries = await fs.readdir(root, { recursive: true, withFileTypes: true });
  const link = entries.find(entry => entry.isSymbolicLink());
  if (link) throw new Error(`${path.join(folder, link.name)} is a symbolic link`);
  const files = entries.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
  if (files.length > MAX_FILES) throw new Error(`${folder} has more than ${MAX_FILES} files`);
  const texts = new Map<string, string>();
  for (const file of files.sort()) {
    const relative = path.relative(root, file).split(path.sep).join('/');
    if ((await fs.stat(file)).size > MAX_FILE_BYTES) throw new Error(`${folder}/${relative} is larger than ${MAX_FILE_BYTES} bytes`);
    texts.set(relative, await fs.readFile(file, 'utf8'));
  }
  return texts;
}

/** Writes one file of the workspace, making its folders. */
export async function writeFile(workspacePath: string, file: string, text: string): Promise<void> {
  const target = resolveSafeChildPath(workspacePath, file);
  await fs.mkdir(path.dirname(target), { recursive: true });
  await fs.writeFile(target, text);
}
