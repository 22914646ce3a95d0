/** What the generated recording rules would have recorded over a made-up past. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { bucketBounds, type History } from './history-model.ts';

export interface RecordingRule {
  record: string;
  expr: string;
  labels: Record<string, string>;
}

/** Figures of a rule at one moment; undefined = the rule records nothing there. */
export interface RecordedSeries {
  name: string;
  labels: Record<string, string>;
  stepSeconds: number;
  /** @param index minute of the history */
  at: (index: number) => number | undefined;
}

/** Charts ask for points this far apart at most; finer would be size without sight. */
const recordedStepSeconds = 300;

const windowSeconds = (window: string): number => {
  const match = /^(\d+)([mhd])$/.exec(window);
  if (!match) throw new Error(`${window} is no window`);
  return Number(match[1]) * { m: 60, h: 3600, d: 86_400 }[match[2] as 'm' | 'h' | 'd'];
};

/** Recording rules of the SLOs, from the files Prometheus loads. */
export function readRecordingRules(root: string): RecordingRule[] {
  return globSync(join(root, 'infra/slo/generated/*.rules.yaml')).flatMap(file => {
    const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Partial<RecordingRule>[] }[] };
    return groups.flatMap(group => group.rules).filter((rule): rule is RecordingRule => rule.record !== undefined);
  });
}

/** Sums from the start to each minute, so that any window is one subtraction. */
function sums(values: ArrayLike<number>): Float64Array {
  const result = new Float64Array(values.length + 1);
  for (let index = 0; index < values.length; index++) result[index + 1] = result[index]! + values[index]!;
  return result;
}

interface Events {
  total: Float64Array;
  error: Float64Array;
}

/** Failed and all events of the objectives this history knows, as sums. */
function eventsOf(history: History): Map<string, Events> {
  const { requests, syntheticFailed, syntheticOk } = history;
  const add = (arrays: ArrayLike<number>[]) => {
    const result = new Float64Array(history.minutes.length);
    for (const one of arrays) for (let index = 0; index < result.length; index++) result[index]! += one[index]!;
    return sums(result);
  };
  const all = add(requests.map(one => one.count));
  const quarter = bucketBounds.indexOf(0.25);
  return new Map([
    ['ledger-availability', { total: all, error: add(requests.filter(one => one.code.startsWith('5')).map(one => one.count)) }],
    ['ledger-latency', { total: all, error: add(requests.map(one => one.above[quarter]!)) }],
    ['ledger-synthetic', { total: add([syntheticOk, syntheticFailed]), error: add([syntheticFailed]) }],
  ]);
}

/**
 * The series of every recording rule that belongs to an objective this history knows. Windows that
 * reach before the history count what there is, as Prometheus does.
 * @throws Error when such a rule is of a kind that is not known here: the past would lack it unnoticed
 */
export function recordedSeries(history: History, rules: readonly RecordingRule[]): RecordedSeries[] {
  const events = eventsOf(history);
  return rules.flatMap((rule): RecordedSeries[] => {
    const id = rule.labels.sloth_id;
    if (id === undefined) return latencySeries(history, rule);
    const known = events.get(id);
    if (!known) return [];
    const constant = (record: string) => {
      const other = rules.find(one => one.labels.sloth_id === id && one.record === record);
      return Number(/^vector\(([\d.e-]+)\)$/.exec(other?.expr ?? '')?.[1]);
    };
    const figure = figureOf(rule, known, constant('slo:error_budget:ratio'));
    const perMinute = /^slo:events_(total|error):increase$/.test(rule.record);
    return [{ name: rule.record, labels: rule.labels, stepSeconds: perMinute ? 60 : recordedStepSeconds, at: figure }];
  });
}

function figureOf(rule: RecordingRule, events: Events, budget: number): (index: number) => number | undefined {
  const within = (of: Float64Array, index: number, seconds: number) => of[index + 1]! - of[Math.max(0, index + 1 - seconds / 60)]!;
  const ratio = (index: number, window: string) => {
    const total = within(events.total, index, windowSeconds(window));
    return total > 0 ? within(events.error, index, windowSeconds(window)) / total : undefined;
  };
  const burn = (index: number, window: string) => {
    const found = ratio(index, window);
    return found === undefined ? undefined : found / budget;
  };
  const left = (index: number) => {
    const period = burn(index, '30d');
    return period === undefined ? undefined : 1 - period;
  };
  const vector = /^vector\(([\d.e-]+)\)$/.exec(rule.expr);
  if (vector) return () => Number(vector[1]);
  const counted = /^slo:events_(total|error):increase(\d+d)?$/.exec(rule.record);
  if (counted) {
    const seconds = counted[2] ? windowSeconds(counted[2]) : 60;
    return index => within(events[counted[1] as keyof Events], index, seconds);
  }
  const window = /^slo:sli_error:ratio_rate(\d+[mhd])$/.exec(rule.record);
  if (window) return index => ratio(index, window[1]!);
  if (rule.record === 'slo:current_burn_rate:ratio') return index => burn(index, '5m');
  if (rule.record === 'slo:period_burn_rate:ratio') return index => burn(index, '30d');
  if (rule.record === 'slo:period_error_budget_remaining:ratio') return left;
  if (rule.record === 'slo:time_to_exhaustion:seconds') {
    return index => {
      const hour = burn(index, '1h');
      return hour === undefined || hour <= 0 ? undefined : (Math.max(0, left(index)!) * 2_592_000) / hour;
    };
  }
  throw new Error(`The sample history does not know the recording rule ${rule.record}; add it to history-rules.ts`);
}

function latencySeries(history: History, rule: RecordingRule): RecordedSeries[] {
  if (rule.labels.sloth_service !== 'ledger') return [];
  if (rule.record !== 'slo:latency_bucket:rate5m') {
    throw new Error(`The sample history does not know the recording rule ${rule.record}; add it to history-rules.ts`);
  }
  const inBucket = (bucket: number) => {
    const values = new Float64Array(history.minutes.length);
    for (const { count, above } of history.requests) {
      for (let index = 0; index < values.length; index++) values[index]! += count[index]! - (above[bucket]?.[index] ?? 0);
    }
    return sums(values);
  };
  return [...bucketBounds.map(String), '+Inf'].map((le, bucket) => {
    const total = inBucket(bucket);
    return {
      name: rule.record,
      labels: { ...rule.labels, le },
      stepSeconds: recordedStepSeconds,
      at: index => (total[index + 1]! - total[Math.max(0, index - 4)]!) / 300,
    };
  });
}
