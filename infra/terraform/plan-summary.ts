/** What a plan would do, in words; and what to do when there is none. */

export interface PlanJson {
  resource_changes?: { address: string; type: string; change: { actions: string[] } }[];
  resource_drift?: { address: string; change: { actions: string[] } }[];
  output_changes?: Record<string, { actions: string[] }>;
}

type Kind = 'add' | 'change' | 'replace' | 'destroy' | 'forget' | 'import';

function kindOf(actions: string[]): Kind | null {
  const all = actions.join(',');
  if (all === 'no-op' || all === 'read') return null;
  if (all === 'create') return 'add';
  if (all === 'update') return 'change';
  if (all === 'delete') return 'destroy';
  if (all === 'forget') return 'forget';
  if (all === 'delete,create' || all === 'create,delete') return 'replace';
  // A word that Terraform learns later must not look like nothing.
  return 'change';
}

const most = 50;

/** Counts, then every replacement and destruction by name, then the rest, then what was changed outside of Terraform. */
export function summary(name: string, plan: PlanJson): string {
  const byKind = new Map<Kind, string[]>();
  for (const { address, change } of plan.resource_changes ?? []) {
    const kind = kindOf(change.actions);
    if (kind) byKind.set(kind, [...(byKind.get(kind) ?? []), address]);
  }
  const count = (kind: Kind) => byKind.get(kind)?.length ?? 0;
  const outputs = Object.values(plan.output_changes ?? {}).filter(one => kindOf(one.actions)).length;
  const drift = (plan.resource_drift ?? []).filter(one => kindOf(one.change.actions));
  const lines = [`${name}: ${count('add')} to add, ${count('change')} to change, ${count('replace')} to replace, ${count('destroy')} to destroy${count('forget') ? `, ${count('forget')} to forget` : ''}${outputs ? `, ${outputs} outputs differ` : ''}`];
  for (const kind of ['destroy', 'replace', 'forget', 'change', 'add'] as const) {
    const addresses = byKind.get(kind) ?? [];
    // What goes away is named whole, however long the list.
    const shown = kind === 'destroy' || kind === 'replace' ? addresses : addresses.slice(0, most);
    lines.push(...shown.map(address => `  ${kind.padEnd(8)} ${address}`));
    if (shown.length < addresses.length) lines.push(`  ${kind.padEnd(8)} … and ${addresses.length - shown.length} more`);
  }
  if (drift.length > 0) {
    lines.push(`${drift.length} changed outside of Terraform:`);
    lines.push(...drift.slice(0, most).map(one => `  ${one.address}`));
    if (drift.length > most) lines.push(`  … and ${drift.length - most} more`);
  }
  return `${lines.join('\n')}\n`;
}

const hints: [RegExp, string[]][] = [
  [/Failed to query available provider packages|could not connect to registry|registry\.terraform\.io/i, ['The provider could not be fetched: this machine does not reach the registry.', 'Use a machine that does, or a mirror: `provider_installation` in the file that TF_CLI_CONFIG_FILE names.']],
  [/could not find default credentials|oauth2.*(cannot fetch token|invalid_grant)|Application Default Credentials/i, ['Nobody is signed in. Sign in, then run the same again:', '  gcloud auth application-default login']],
  [/iam\.serviceAccounts\.getAccessToken|impersonat/i, ['You may not act as the planner: the group platform may (live/project-0-devops/access). Nobody plans with rights of their own.']],
  [/Error acquiring the state lock|ConditionNotMet|state lock/i, ['Somebody else plans or applies here; the lock says who. Wait for them.', 'Only when that run is surely dead: terraform force-unlock <ID from the message>']],
  [/storage: bucket doesn't exist|NoSuchBucket/i, ['The bucket of the states is not there yet: node infra/terraform/bootstrap.ts']],
  [/403|does not have .* access|PERMISSION_DENIED/i, ['Google refused. The planner only reads, in its own projects and states.']],
];

/** What to do after a failure, by what Terraform said. */
export function advice(output: string): string[] {
  const found = hints.find(([pattern]) => pattern.test(output));
  return found?.[1] ?? ['Terraform said why above. Mend that, then run the same again.'];
}
