/** Who stops before whom. */

interface Stoppable {
  name: string;
  kind: string;
  role: string | null;
}

/** Lowest first. */
function rank({ kind, role }: Stoppable): number {
  switch (kind) {
    case 'payer':
    case 'backup':
    case 'portal':
    case 'cluster-api':
    case 'git-host':
    case 'prometheus':
    case 'alertmanager': return 0;
    // Only the portal uses the hub's database, and that has stopped.
    case 'postgres':
    case 'front':
    case 'ledger': return 1;
    // Followers before the one they follow: nobody is left who could take over, so no timeline changes.
    case 'patroni': return role === 'primary' ? 3 : 2;
    default: return 4;
  }
}

/** Groups of names; within a group all stop at once. */
export function stopOrder(processes: Stoppable[]): string[][] {
  const groups: string[][] = [];
  for (const one of processes) (groups[rank(one)] ??= []).push(one.name);
  return groups.filter(group => group !== undefined);
}
