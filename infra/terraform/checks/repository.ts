/** Rules about what else stands in infra/: values somebody meant to fill in, and changes that git would not know of. */

/** Values that stand for another one. Terraform, Kubernetes and Ansible would take each of them for real. */
const unfilled: [string, RegExp][] = [
  ['a value to be filled in', /\b(?:change|replace|fill)[-_ ]?me\b|\byour[-_](?:project|account|domain|org|company|token|key)\b/i],
  ['a name in angle brackets', /["'=:]\s*<[A-Za-z][A-Za-z0-9_ -]{2,}>\s*["']?\s*$/],
  ['an account number of zeros or digits in a row', /\b(?:0{12}|123456789012|1234567890)\b/],
  ['a name of nobody', /\b(?:foo|bar|lorem|xxx+)\b/i],
];

/** Files that are applied as they are; examples and tests may say such things. */
const applied = (file: string): boolean =>
  /^infra\/.*\.(tf|hcl|ya?ml|json|cfg|j2)$/.test(file) && !/(^|\/)(tests?|examples?|__fixtures__|molecule)\/|\.test\.|\.tftest\.|\/generated\//.test(file);

/** @returns "file:line problem" */
export function unfilledValues(file: string, text: string): string[] {
  if (!applied(file)) return [];
  return text.split('\n').flatMap((line, index) => {
    const bare = line.replace(/(^|\s)(#|\/\/).*$/, '');
    const found = unfilled.find(([, pattern]) => pattern.test(bare));
    return found ? [`${file}:${index + 1} holds ${found[0]}`] : [];
  });
}

/**
 * What a cluster runs comes from git by Argo CD. A script that patches a manifest on its way, or applies one by itself, makes a state that no
 * commit has; the bootstrap of Argo CD itself is the one exception.
 */
export function appliedPastGit(file: string, text: string): string[] {
  if (!/^(infra\/|tools\/|\.ci\/|Makefile$)/.test(file) || !/(^|\/)(Makefile|run)$|\.(sh|ts|ya?ml)$/.test(file) || /^infra\/gitops\/bootstrap\/|\.test\.ts$|^infra\/terraform\/checks\//.test(file)) return [];
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(#|\/\/|\*)/.test(line)) return [];
    if (/\bkubectl\s+(?:[\w=-]+\s+)*(apply|patch|replace|edit)\b|['"]kubectl['"],\s*\[?\s*['"](apply|patch|replace|edit)['"]/.test(line)) return [`${file}:${index + 1} applies to a cluster past git`];
    return /\bsed\s+-i\b.*\.ya?ml/.test(line) ? [`${file}:${index + 1} patches a manifest on its way`] : [];
  });
}
