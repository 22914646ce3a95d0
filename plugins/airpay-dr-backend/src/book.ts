/** Joins the steps of a run with the adapters of its two regions. */
import { Observer } from './RunService';
import { otherRegion, settingsOf, slotOf } from './facts';
import { makePlan } from './plan';
import { StoredRun } from './run';
import { StepBook } from './RunWorker';
import { SystemSettings } from './settings';
import { StepRun, Verdict } from './step';
import { drainStep, fenceStep, undoFenceStep } from './steps/fence';
import { observeStep } from './steps/observe';
import { demoteStep, promoteStep } from './steps/promote';
import { rearmStep } from './steps/rearm';
import { reconcileStep } from './steps/reconcile';
import { scaleDownStep, scaleUpStep, undoScaleUpStep } from './steps/scale';
import { switchTrafficStep } from './steps/traffic';
import { verifyStep } from './steps/verify';
import { RegionPorts, SystemPorts } from './SystemObserver';

export interface SystemParts {
  settings: SystemSettings;
  ports: SystemPorts;
  observer: Observer;
}

/** Does what was agreed to still hold? The open run is this one, so it is no obstacle. */
async function stillHolds(run: StoredRun, { settings, observer }: SystemParts): Promise<Verdict> {
  const observed = await observer.fresh();
  const result = makePlan({ observed, system: settings, request: run.request, openRunId: null, atRisk: null });
  if (!result.ok) return { done: false, text: result.refusal.message };
  const missing = result.plan.preconditions.filter(one => !one.ok).map(one => `${one.title}: ${one.detail}`);
  if (missing.length > 0) return { done: false, text: missing.join('; ') };
  return result.plan.hash === run.planHash
    ? { done: true, text: `${result.plan.preconditions.length} preconditions hold; the state is the one that was agreed to` }
    : { done: false, text: 'Roles, timelines or traffic are not those that were agreed to' };
}

function sides(run: StoredRun, { settings, ports }: SystemParts) {
  const side = (id: string) => {
    const region: RegionPorts | undefined = ports.regions.find(one => one.id === id);
    if (!region) throw new Error(`System ${settings.name} has no region ${id}`);
    return { ...region, title: settingsOf(settings, id).title, settings: settingsOf(settings, id) };
  };
  return { from: side(run.from), to: side(otherRegion(settings, run.from).id) };
}

/** The deeds of "planned region switch" for one run, in the order of the words. */
export function stepBook(run: StoredRun, system: SystemParts): StepBook {
  const { settings, ports } = system;
  const { from, to } = sides(run, system);
  const runbook = { replication: to.settings.replication };
  return {
    steps: [
      observeStep((_: StepRun) => stillHolds(run, system)),
      scaleUpStep(to, to.settings.gke.activeNodes),
      fenceStep(from),
      drainStep(from, to),
      demoteStep(from, to, runbook),
      promoteStep(from, { ...to, region: { patroniUrls: to.settings.patroni.members } }),
      switchTrafficStep(ports.traffic, to.settings.trafficTarget),
      verifyStep(ports.ledger, { id: to.id, title: to.title }),
      reconcileStep(ports.ledger, ports.payerLog),
      rearmStep(from, { ...to, slot: slotOf(settings, to.id) }),
      scaleDownStep(from, from.settings.gke.standbyNodes),
    ],
    undo: [undoFenceStep(from), undoScaleUpStep(to)],
  };
}
