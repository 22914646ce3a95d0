import type { SloDetail, SloSeries } from '@airpay/plugin-airpay-platform-common';
import { aligned, budgetDomain, hasData, niceMax } from '../../domain/chart';
import { budgetText, countText, durationText, noData, percentText } from '../../domain/format';

export type LineColor = 'primary' | 'ok' | 'act' | 'watch' | 'faint';

export interface ChartLine {
  name: string;
  values: (number | null)[];
  color: LineColor;
  area?: boolean;
}

export interface Chart {
  title: string;
  lines: ChartLine[];
  domain: [number, number];
  /** A value of the axis as text with its unit. */
  text: (value: number | null) => string;
  /** A line to compare with, e.g. the burn that spends exactly the budget. */
  reference?: { value: number; name: string };
  height: number;
}

const rateText = (value: number | null) => (value === null ? noData : `${countText(value)}/s`);
const ratioText = (value: number | null) => {
  if (value === null) return noData;
  return value === 0 ? '0 %' : `${String(Number((value * 100).toPrecision(2)))} %`;
};

function budgetChart(series: SloSeries): Chart {
  const values = aligned(series, 'budgetLeft');
  return {
    title: 'Budget left',
    lines: [{ name: 'Budget left', values, color: 'primary', area: true }],
    domain: budgetDomain(values),
    text: budgetText,
    height: 220,
  };
}

function errorsChart(series: SloSeries, slo: Pick<SloDetail, 'objectivePercent'>): Chart {
  const values = aligned(series, 'errorRatio');
  const allowed = Math.round((100 - slo.objectivePercent) * 1e9) / 1e11;
  return {
    title: 'Errors',
    lines: [{ name: 'Bad events', values, color: 'act', area: true }],
    domain: [0, niceMax(values, allowed * 2)],
    text: ratioText,
    reference: { value: allowed, name: `allowed ${ratioText(allowed)}` },
    height: 180,
  };
}

/** The charts of an SLO, leaving out those the answer has no data for (a budget chart is always there). */
export function chartsOf(series: SloSeries, slo: Pick<SloDetail, 'objectivePercent'>): Chart[] {
  const requests = aligned(series, 'requestsPerSecond');
  const errors = aligned(series, 'errorsPerSecond');
  const p50 = aligned(series, 'latencyP50Seconds');
  const p95 = aligned(series, 'latencyP95Seconds');
  const p99 = aligned(series, 'latencyP99Seconds');
  const latency: Chart = {
    title: 'Latency',
    lines: [
      { name: 'p99', values: p99, color: 'primary' },
      { name: 'p95', values: p95, color: 'ok' },
      { name: 'p50', values: p50, color: 'faint' },
    ],
    domain: [0, niceMax([...p99, ...p95, ...p50])],
    text: durationText,
    height: 180,
  };
  const requestsChart: Chart = {
    title: 'Requests',
    lines: [
      { name: 'All', values: requests, color: 'primary', area: true },
      { name: 'Bad', values: errors, color: 'act' },
    ],
    domain: [0, niceMax(requests)],
    text: rateText,
    height: 180,
  };
  const others = [requestsChart, errorsChart(series, slo), latency].map(chart => ({
    ...chart,
    lines: chart.lines.filter((line, index) => index === 0 || hasData(line.values)),
  }));
  return [budgetChart(series), ...others];
}

/** What the chart says to someone who does not see it. */
export function chartSentence(chart: Chart): string {
  const parts = chart.lines.map(line => {
    const numbers = line.values.filter((value): value is number => value !== null);
    if (numbers.length === 0) return `${line.name}: ${noData}`;
    const last = numbers[numbers.length - 1];
    const text = chart.text === budgetText || chart.text === percentText ? budgetText : chart.text;
    return `${line.name}: now ${text(last)}, least ${text(Math.min(...numbers))}, most ${text(Math.max(...numbers))}`;
  });
  return `Line chart of ${chart.title.toLocaleLowerCase('en-US')}. ${parts.join('. ')}.`;
}
