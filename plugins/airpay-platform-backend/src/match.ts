// How well a text names a thing. Pure.

/**
 * @returns 1 for the exact name, 0.75-0.95 for its beginning, 0.6-0.7 for the beginning of a word
 * in it, 0.4-0.5 for any part of it, 0 for none. Longer matches of the same kind are better.
 */
export function matchOf(text: string, names: readonly (string | undefined)[]): number {
  const wanted = text.trim().toLocaleLowerCase('en-US');
  if (wanted === '') return 0;
  return Math.max(0, ...names.map(name => (name ? matchOne(wanted, name.toLocaleLowerCase('en-US')) : 0)));
}

function matchOne(wanted: string, name: string): number {
  if (name === wanted) return 1;
  const index = name.indexOf(wanted);
  const share = wanted.length / name.length;
  if (index === 0) return 0.75 + 0.2 * share;
  if (index > 0) return /[^a-z0-9]/.test(name[index - 1]) ? 0.6 + 0.1 * share : 0.4 + 0.1 * share;
  // "payments ledger" finds ledger-payments: every word somewhere in the name.
  const words = wanted.split(/[\s/_.:-]+/).filter(word => word.length > 1);
  return words.length > 1 && words.every(word => name.includes(word)) ? 0.3 : 0;
}

/** `key=value` as labels are written, or undefined. */
export function labelOf(text: string): { key: string; value: string } | undefined {
  const match = /^([a-zA-Z0-9][a-zA-Z0-9._/-]*)\s*={1,2}\s*"?([a-zA-Z0-9._-]+)"?$/.exec(text.trim());
  return match ? { key: match[1], value: match[2] } : undefined;
}

/** The host of a URL or of `host:port`; other texts as they are. */
export function hostOf(text: string): string {
  const bare = text.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return bare.replace(/[/?#].*$/, '').replace(/:\d+$/, '').toLocaleLowerCase('en-US');
}
