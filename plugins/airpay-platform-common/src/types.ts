import { z } from 'zod';

/** A measured figure: `value` null means "no data", never zero or 100 %. */
export const measuredSchema = z.object({
  value: z.number().nullable(),
  /** ISO time of the sample. */
  at: z.string().nullable(),
  /** The query, or the run, that gave the figure. */
  source: z.string(),
});
export type Measured = z.infer<typeof measuredSchema>;

/** One part of an answer that failed while the rest is good. */
export const partialErrorSchema = z.object({
  source: z.string(),
  message: z.string(),
});
export type PartialError = z.infer<typeof partialErrorSchema>;

export const statusSchema = z.enum(['ok', 'watch', 'act', 'unknown']);
export type Status = z.infer<typeof statusSchema>;

export const burnWindowSchema = z.object({
  severity: z.enum(['page', 'ticket']),
  longWindow: z.string(),
  shortWindow: z.string(),
  /** Multiple of the sustainable burn at which the pair fires. */
  factor: z.number(),
  longBurn: z.number().nullable(),
  shortBurn: z.number().nullable(),
  firing: z.boolean(),
  /** Seconds until the whole budget is gone at exactly `factor`. */
  exhaustsInSeconds: z.number(),
});
export type BurnWindow = z.infer<typeof burnWindowSchema>;

export const sloSummarySchema = z.object({
  /** Sloth's id: `<service>-<slo>`. */
  id: z.string(),
  service: z.string(),
  slo: z.string(),
  title: z.string(),
  description: z.string(),
  /** Percent, e.g. 99.99. */
  objectivePercent: z.number(),
  windowDays: z.number(),
  entityRef: z.string().nullable(),
  owner: z.string().nullable(),
  tier: z.string().nullable(),
  /** Good events / all events over the window, 0..1. */
  availability: measuredSchema,
  /** Share of the error budget left, 1 = untouched, negative = overspent. */
  budgetLeft: measuredSchema,
  /** Burn rate over the last hour; 1 = spends exactly the budget in the window. */
  burnNow: measuredSchema,
  /** Full budget of the window as time, seconds. */
  budgetSeconds: z.number(),
  /** Seconds until the budget is gone at the burn of the last hour; null = not burning or no data. */
  exhaustsInSeconds: z.number().nullable(),
  firing: z.enum(['page', 'ticket']).nullable(),
  status: statusSchema,
  /** Budget left over the window, oldest first; null = gap. */
  trend: z.array(z.number().nullable()),
  runbookUrl: z.string().nullable(),
});
export type SloSummary = z.infer<typeof sloSummarySchema>;

export const sloListSchema = z.object({
  slos: z.array(sloSummarySchema),
  errors: z.array(partialErrorSchema),
  at: z.string(),
  /** ISO time before which samples are generated history; null = all measured. */
  sampleHistoryUntil: z.string().nullable(),
});
export type SloList = z.infer<typeof sloListSchema>;

export const sloDetailSchema = sloSummarySchema.extend({
  windows: z.array(burnWindowSchema),
  goodEvents: z.number().nullable(),
  totalEvents: z.number().nullable(),
  queries: z.array(z.object({ title: z.string(), expression: z.string() })),
  sampleHistoryUntil: z.string().nullable(),
  errors: z.array(partialErrorSchema),
});
export type SloDetail = z.infer<typeof sloDetailSchema>;

export const sloRangeSchema = z.enum(['1h', '6h', '1d', '7d', '30d']);
export type SloRange = z.infer<typeof sloRangeSchema>;

export const sloSeriesSchema = z.object({
  range: sloRangeSchema,
  stepSeconds: z.number(),
  /** Unix milliseconds, one per point, shared by all series. */
  times: z.array(z.number()),
  series: z.array(
    z.object({
      name: z.enum(['budgetLeft', 'requestsPerSecond', 'errorsPerSecond', 'errorRatio', 'latencyP50Seconds', 'latencyP95Seconds', 'latencyP99Seconds']),
      values: z.array(z.number().nullable()),
    }),
  ),
  errors: z.array(partialErrorSchema),
});
export type SloSeries = z.infer<typeof sloSeriesSchema>;

export const alertSchema = z.object({
  name: z.string(),
  severity: z.string(),
  state: z.enum(['firing', 'pending', 'resolved']),
  since: z.string().nullable(),
  summary: z.string(),
  runbookUrl: z.string().nullable(),
  entityRef: z.string().nullable(),
});
export type Alert = z.infer<typeof alertSchema>;

/** What the home page says about money and budgets. */
export const overviewSchema = z.object({
  paymentsPerMinute: measuredSchema,
  /** Share of requests without a 5xx over 5 minutes, 0..1. */
  okRatio: measuredSchema,
  p99Seconds: measuredSchema,
  moneyIsMoving: z.enum(['yes', 'no', 'unknown']),
  alerts: z.array(alertSchema),
  lastAlertAt: z.string().nullable(),
  slos: z.array(sloSummarySchema),
  errors: z.array(partialErrorSchema),
  at: z.string(),
});
export type Overview = z.infer<typeof overviewSchema>;

export const ownershipAnswerSchema = z.object({
  kind: z.enum(['component', 'api', 'resource', 'system', 'domain', 'group', 'user', 'template', 'namespace', 'pod', 'alert', 'host', 'label']),
  /** What was found, as it is called where it lives. */
  name: z.string(),
  title: z.string(),
  entityRef: z.string().nullable(),
  owner: z.object({ ref: z.string(), title: z.string() }).nullable(),
  onCall: z.object({ ref: z.string(), title: z.string(), until: z.string(), source: z.string() }).nullable(),
  runbook: z.object({ title: z.string(), url: z.string() }).nullable(),
  links: z.array(z.object({ title: z.string(), url: z.string() })),
  /** Why the portal believes it: each sentence with its source and time of reading. */
  because: z.array(z.object({ text: z.string(), source: z.string(), at: z.string() })),
  /** 0..1; 1 = exact name. */
  match: z.number(),
});
export type OwnershipAnswer = z.infer<typeof ownershipAnswerSchema>;

export const ownershipResultSchema = z.object({
  query: z.string(),
  answers: z.array(ownershipAnswerSchema),
  errors: z.array(partialErrorSchema),
  at: z.string(),
});
export type OwnershipResult = z.infer<typeof ownershipResultSchema>;

// HTTP (all authenticated, read permission per route):
// GET /overview -> Overview
// GET /slos[?entityRef=component:default/ledger] -> SloList (least budget left first)
// GET /slos/:id -> SloDetail           GET /slos/:id/series?range=1h|6h|1d|7d|30d -> SloSeries
// GET /ownership?q=text (1..200 characters) -> OwnershipResult (best first, at most 10)
