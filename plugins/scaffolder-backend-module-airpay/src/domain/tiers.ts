/** What a tier promises. Tier 0 stops money when it is down, tier 3 nobody notices for a day. */
export interface TierPolicy {
  /** Longest time until it works again, and longest time of data lost, as written in annotations. */
  rto: string;
  rpo: string;
  /** Percent of requests over 30 days. */
  availabilityObjective: number;
  latencyObjective: number;
  /** Pods of production per region. */
  minReplicas: number;
  /** How many regions it must be able to run in. */
  minRegions: number;
}

export const TIERS: Readonly<Record<string, TierPolicy>> = {
  '0': { rto: '1h', rpo: '15m', availabilityObjective: 99.99, latencyObjective: 99.9, minReplicas: 3, minRegions: 2 },
  '1': { rto: '4h', rpo: '15m', availabilityObjective: 99.95, latencyObjective: 99.5, minReplicas: 3, minRegions: 2 },
  '2': { rto: '24h', rpo: '1h', availabilityObjective: 99.9, latencyObjective: 99, minReplicas: 2, minRegions: 1 },
  '3': { rto: '72h', rpo: '24h', availabilityObjective: 99.5, latencyObjective: 99, minReplicas: 2, minRegions: 1 },
};
