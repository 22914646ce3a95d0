/** The plan "planned region switch": from an observation and a request to steps and preconditions. Pure. */
import {
  AtRisk,
  confirmationText,
  Plan,
  planRequestSchema,
  plannedSwitchSteps,
  plannedSwitchTitle,
  Refusal,
  RunbookRegion,
  RunbookValues,
} from '@airpay/plugin-airpay-dr-common';
import { z } from 'zod';
import * as conditions from './conditions';
import { leaderOf, otherRegion, primaryRegion, regionById, settingsOf, trafficRegion, valueOf } from './facts';
import { canonicalJson, sha256 } from './ids';
import { ObservedSystem } from './observed';
import { RegionSettings, SystemSettings } from './settings';

export type PlanRequest = z.infer<typeof planRequestSchema>;
export type Precondition = Plan['preconditions'][number];

/** Part of the hash, so that a plan made by an older form of this code is void. */
const planVersion = 1;

/** A database URL as a person may see it. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = '';
  return shown.toString();
}

function runbookRegion(region: RegionSettings): RunbookRegion {
  return {
    id: region.id,
    title: region.title,
    patroniUrls: region.patroni.members,
    patroniUsername: region.patroni.username,
    replication: region.replication,
    databases: region.databaseUrls.map(withoutPassword),
    trafficTarget: region.trafficTarget,
    gke: region.gke,
    kubernetes: region.kubernetes,
  };
}

/** The words of the runbook with the values of this system, and of what was seen. */
export function runbookValues(system: SystemSettings, from: RegionSettings, to: RegionSettings, observed?: ObservedSystem): RunbookValues {
  const values = {
    system: system.name,
    traffic: system.traffic,
    ledgerUrl: system.ledger.baseUrl,
    payerLogUrl: system.payerLog.baseUrl,
    from: runbookRegion(from),
    to: runbookRegion(to),
  };
  if (!observed) return values;
  const [seenFrom, seenTo] = [regionById(observed, from.id), regionById(observed, to.id)];
  return {
    ...values,
    seen: {
      fromLeader: leaderOf(seenFrom)?.name ?? null,
      toLeader: leaderOf(seenTo)?.name ?? null,
      timeline: leaderOf(seenFrom)?.timeline ?? null,
      fromNodes: valueOf(seenFrom.nodePool)?.size ?? null,
      toNodes: valueOf(seenTo.nodePool)?.size ?? null,
      trafficTarget: valueOf(observed.traffic)?.target ?? null,
    },
  };
}

function preconditionsOf(observed: ObservedSystem, system: SystemSettings, to: RegionSettings, openRunId: string | null): Precondition[] {
  const hold = (id: string, title: string, verdict: conditions.Verdict): Precondition => ({ id, title, ok: verdict.ok === true, detail: verdict.detail });
  return [
    hold('both-read', 'Both regions can be read', conditions.bothRead(observed, system)),
    hold('one-primary', 'Exactly one region writes', conditions.onePrimary(observed, system)),
    hold('traffic-at-source', 'Traffic leads to the region that writes', conditions.trafficAt(observed, system)),
    hold('target-streams', `${to.title} follows closely`, conditions.standbyStreams(observed, system)),
    hold('same-timeline', 'Both regions are on the same timeline', conditions.sameTimeline(observed, system)),
    hold('target-members', `Members of ${to.title} run`, conditions.membersFollow(regionById(observed, to.id), system)),
    hold('target-open', `${to.title} is not fenced`, conditions.notFenced(regionById(observed, to.id), system)),
    hold('sync-standby', 'Commits have a second copy', conditions.syncStandby(observed, system)),
    hold('not-paused', 'Automatic failover is on', conditions.notPaused(observed, system)),
    hold('ledger-answers', 'The ledger answers payers', conditions.ledgerAnswers(observed, system)),
    hold('payer-answers', 'The payer’s log can be read', conditions.payerAnswers(observed)),
    hold('node-pools-answer', 'Node pools can be resized', conditions.nodePoolsAnswer(observed, system)),
    hold('workloads-answer', 'Pods can be seen', conditions.workloadsAnswer(observed, system)),
    hold('no-run-open', 'No other run is open', openRunId ? { ok: false, detail: `Run ${openRunId} is open` } : { ok: true, detail: 'None' }),
  ];
}

/**
 * What an approval is bound to: plan, parameters and the state that would make it wrong if it changed. Lag and clocks
 * are left out, since they change with every breath; limits on them are preconditions.
 */
export function planHash(observed: ObservedSystem, system: SystemSettings, request: PlanRequest, from: RegionSettings, to: RegionSettings): string {
  const regionState = (id: string) => {
    const region = regionById(observed, id);
    const members = valueOf(region.cluster)?.members.map(({ name, role, timeline }) => ({ name, role, timeline })) ?? null;
    return {
      id,
      members: members && members.sort((left, right) => (left.name < right.name ? -1 : 1)),
      config: valueOf(region.config),
      inRecovery: valueOf(region.database)?.inRecovery ?? null,
    };
  };
  return sha256(
    canonicalJson({
      planVersion,
      plan: request.plan,
      system: system.name,
      parameters: { from: from.id, to: to.id, activeNodes: to.gke.activeNodes, standbyNodes: from.gke.standbyNodes },
      observed: { from: regionState(from.id), to: regionState(to.id), traffic: valueOf(observed.traffic)?.target ?? null },
    }),
  );
}

export type PlanResult = { ok: true; plan: Plan } | { ok: false; refusal: Refusal };

export interface PlanInput {
  observed: ObservedSystem;
  system: SystemSettings;
  request: PlanRequest;
  openRunId: string | null;
  atRisk: AtRisk | null;
}

/** Refusals: `unknown-region`, `already-active`. A precondition that does not hold makes a plan that is not startable. */
export function makePlan({ observed, system, request, openRunId, atRisk }: PlanInput): PlanResult {
  if (!system.regions.some(region => region.id === request.to)) {
    return { ok: false, refusal: { code: 'unknown-region', message: `${system.title} has no region ${request.to}` } };
  }
  const to = settingsOf(system, request.to);
  const from = otherRegion(system, to.id);
  if (primaryRegion(observed)?.id === to.id && trafficRegion(observed, system) === to.id) {
    return { ok: false, refusal: { code: 'already-active', message: `${to.title} already writes and has the traffic` } };
  }
  const values = runbookValues(system, from, to, observed);
  const preconditions = preconditionsOf(observed, system, to, openRunId);
  return {
    ok: true,
    plan: {
      plan: request.plan,
      system: system.name,
      title: plannedSwitchTitle(values),
      from: from.id,
      to: to.id,
      steps: plannedSwitchSteps(values),
      preconditions,
      startable: preconditions.every(one => one.ok),
      confirmation: confirmationText(system.name),
      atRisk,
      hash: planHash(observed, system, request, from, to),
      observedAt: new Date(observed.at).toISOString(),
    },
  };
}
