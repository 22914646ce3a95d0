/**
 * What may be a name, a ref or a path on the git host. Everything that becomes a folder name or an
 * argument of git passes here first, so that no request can reach outside its repository. Pure.
 */

/** A name, ref or path that is not allowed; the message says which and why. */
export class BadName extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadName';
  }
}

/** First path parts the host itself answers; nobody can own them. */
const RESERVED = ['api', 'livez', 'metrics', 'assets', 'user', 'org', 'repo', 'admin'];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const REF = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

/** Checks an owner or repository name and returns it. @throws BadName */
export function checkName(kind: 'owner' | 'repository', name: string): string {
  const bad = !NAME.test(name) || name.includes('..') || /\.(git|lock)$/i.test(name) || name.endsWith('.');
  if (bad) throw new BadName(`${kind} name is not allowed: letters, digits, '.', '_' and '-', starting with a letter or digit`);
  if (kind === 'owner' && RESERVED.includes(name.toLowerCase())) throw new BadName(`the owner name '${name}' is reserved`);
  return name;
}

/** Checks a branch, tag or commit name and returns it. @throws BadName */
export function checkRef(ref: string): string {
  const bad = !REF.test(ref) || ref.includes('..') || ref.includes('//') || ref.endsWith('/') || ref.endsWith('.lock');
  if (bad) throw new BadName('not a valid branch, tag or commit name');
  return ref;
}

/** Checks a path inside a repository and returns it without slashes around. '' is the root. @throws BadName */
export function checkPath(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') return '';
  if (trimmed.length > 4_096 || /[\0-\x1f\\]/.test(trimmed)) throw new BadName('not a valid path');
  const parts = trimmed.split('/');
  if (parts.some(part => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')) {
    throw new BadName('a path may not have empty parts, ".", ".." or ".git"');
  }
  return trimmed;
}
