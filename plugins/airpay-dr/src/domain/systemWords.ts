import type { AtRisk, Member, RecoverySystem, RegionState, Status } from '@airpay/plugin-airpay-dr-common';
import { ageText, bytesText, countOf, durationText, moneyText } from './format';

// What the recovery pages say of a system. Each sentence answers before it shows evidence.

export const statusWord: Record<Status, string> = {
  ok: 'OK',
  watch: 'Watch',
  act: 'Act now',
  unknown: 'Unknown',
};

const severity: Record<Status, number> = { act: 0, unknown: 1, watch: 2, ok: 3 };

/** Worst first; equal ones keep their order, which is that of their weight. */
export function worstFirst<T extends { status: Status }>(checks: readonly T[]): T[] {
  return [...checks].sort((a, b) => severity[a.status] - severity[b.status]);
}

export const readinessStatus: Record<RecoverySystem['readiness'], Status> = {
  ready: 'ok',
  degraded: 'watch',
  notReady: 'act',
  unknown: 'unknown',
};

export const readinessWord: Record<RecoverySystem['readiness'], string> = {
  ready: 'ready',
  degraded: 'ready, with reservations',
  notReady: 'not ready',
  unknown: 'readiness unknown',
};

export function regionTitle(system: RecoverySystem, id: string | null): string {
  return system.regions.find(region => region.id === id)?.title ?? id ?? 'the active region';
}

/** The region a planned switch would go to: the first one that is not active; undefined when that cannot be told. */
export function targetRegion(system: RecoverySystem): RegionState | undefined {
  return system.activeRegion === null ? undefined : system.regions.find(region => region.id !== system.activeRegion);
}

/** Answers "would we survive losing the active region now?" in one sentence. */
export function readinessSentence(system: RecoverySystem): string {
  const active = regionTitle(system, system.activeRegion);
  const target = targetRegion(system)?.title ?? 'the standby';
  const worst = worstFirst(system.checks)[0];
  switch (system.readiness) {
    case 'ready':
      return `Yes: ${target} can take over from ${active} now.`;
    case 'degraded':
      return `Yes, but not at its best: ${target} can take over from ${active} with reservations.`;
    case 'notReady':
      return `No: ${target} could not take over from ${active} now.`;
    default:
      return `It cannot be told whether ${target} could take over${worst ? `: “${worst.title}” is not known` : ''}.`;
  }
}

/** `€41.20 and $3.00`; `nothing` for no payments. */
export function amountsText(amounts: AtRisk['amounts']): string {
  const texts = amounts.map(money => moneyText(money.amountMinor, money.currency));
  if (texts.length === 0) return 'nothing';
  return texts.length === 1 ? texts[0] : `${texts.slice(0, -1).join(', ')} and ${texts[texts.length - 1]}`;
}

/** `3 payments, €41.20 at risk`. */
export function atRiskText(atRisk: AtRisk | null): string {
  if (!atRisk) return 'what is at risk is unknown';
  if (atRisk.payments === 0) return 'no payments at risk';
  const amounts = atRisk.amounts.length > 0 ? `, ${amountsText(atRisk.amounts)}` : '';
  return `${countOf(atRisk.payments, 'payment', 'payments')}${amounts} at risk`;
}

/** The one line of the home page. */
export function homeSentence(system: RecoverySystem, nowMs: number): string {
  const last = system.lastSwitch
    ? `last switch ${ageText((nowMs - Date.parse(system.lastSwitch.endedAt)) / 1000)} ago`
    : 'never switched yet';
  const region = system.activeRegion === null ? 'the active region' : regionTitle(system, system.activeRegion);
  return `If ${lowerFirst(region)} were lost now: ${atRiskText(system.atRisk)}; ${readinessWord[system.readiness]}, ${last}.`;
}

const lowerFirst = (text: string) => (/^[A-Z][a-z]/.test(text) ? text[0].toLocaleLowerCase('en-US') + text.slice(1) : text);

const roleWords: Record<Member['role'], string> = {
  leader: 'leader',
  sync_standby: 'synchronous replica',
  replica: 'replica',
  standby_leader: 'standby leader',
  unknown: 'role unknown',
};

export function memberText(member: Member): string {
  const behind =
    member.role === 'leader' || member.role === 'standby_leader' || member.lagBytes === null
      ? ''
      : `, ${bytesText(member.lagBytes)} behind`;
  return `${roleWords[member.role]}, ${member.state}${behind}`;
}

/** A member that does its work is ok; one that cannot be read is unknown, not bad. */
export function memberStatus(member: Member): Status {
  if (member.role === 'unknown') return 'unknown';
  return member.state === 'running' || member.state === 'streaming' ? 'ok' : 'act';
}

export const regionRoleWord: Record<RegionState['role'], string> = {
  primary: 'primary',
  standby: 'standby',
  unknown: 'role unknown',
};

export function workloadText(region: RegionState): string {
  if (!region.workload) return 'ledger pods unknown';
  const { ready, desired } = region.workload;
  return desired === 0 ? 'no ledger pods wanted' : `ledger ${ready} of ${desired} pods ready`;
}

/** A standby region keeps no nodes: pods that wait there are as they should be. */
export function workloadStatus(region: RegionState): Status {
  if (!region.workload) return 'unknown';
  if (region.role === 'standby') return 'ok';
  const { ready, desired } = region.workload;
  if (ready >= desired && desired > 0) return 'ok';
  return ready > 0 ? 'watch' : 'act';
}

export function nodePoolText(region: RegionState): string {
  if (!region.nodePool) return 'node pool unknown';
  return `node pool ${region.nodePool.name}: ${countOf(region.nodePool.size, 'node', 'nodes')}`;
}

/** `0.4 s behind · streaming`. */
export function linkText(link: RecoverySystem['link']): string {
  if (!link) return 'replication unknown';
  const lag =
    link.lagSeconds !== null
      ? `${durationText(link.lagSeconds)} behind`
      : `${bytesText(link.lagBytes)}${link.lagBytes === null ? ' lag' : ' behind'}`;
  return `${lag} · ${link.streaming ? 'streaming' : 'not streaming'}`;
}

export function linkStatus(link: RecoverySystem['link'], rpoSeconds: number): Status {
  if (!link) return 'unknown';
  if (!link.streaming) return 'act';
  return link.lagSeconds !== null && link.lagSeconds > rpoSeconds ? 'act' : 'ok';
}
