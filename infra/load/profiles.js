/** The shapes of load, as parts of a highest rate. Payments arrive at a rate whatever the ledger does, as payers do: an open model. */

/** Each stage: to which part of the rate, within how many seconds. `maxHold`: seconds that the rate is held at most. */
export const profiles = {
  // Is the daily peak reached without anybody noticing?
  ramp: { why: 'from a quiet hour to the peak, an hour there, and down again', stages: [[0.1, 60], [1, 900], [1, 3600], [0.1, 300]] },
  // A sale begins, or a region takes over the other's payers.
  spike: { why: 'ten times as much within ten seconds, twice, so that the second finds warm caches and grown pools', stages: [[0.1, 120], [1, 10], [1, 180], [0.1, 10], [0.1, 180], [1, 10], [1, 180], [0.1, 10], [0.1, 60]] },
  // What grows: memory, connections, disk, the journal, the age of the archive.
  soak: { why: 'two thirds of the peak for eight hours', stages: [[0.66, 300], [0.66, 28800]] },
  // How much is it really? Steps of a tenth; ends at the first that breaks an objective.
  capacity: { why: 'up in ten steps of two minutes; the result is the highest step that held', stages: steps(10, 120), abortOnFail: true },
};

function steps(count, seconds) {
  const stages = [];
  for (let step = 1; step <= count; step += 1) stages.push([step / count, 5], [step / count, seconds]);
  return stages;
}

/** Seconds that a profile takes. */
export function seconds(name) {
  return profiles[name].stages.reduce((sum, [, length]) => sum + length, 0);
}

/** Rate at a second of the profile, as k6's ramping-arrival-rate has it: straight from one stage's target to the next. */
export function rateAt(name, second, highest) {
  let from = 0;
  let begun = 0;
  for (const [part, length] of profiles[name].stages) {
    if (second < begun + length) return highest * (from + (part - from) * ((second - begun) / length));
    begun += length;
    from = part;
  }
  return highest * from;
}

/** The same profile in less time, for a check of the shape: every stage shortened alike, and never to nothing. */
export function shortened(name, total) {
  const factor = total / seconds(name);
  return profiles[name].stages.map(([part, length]) => [part, Math.max(0.5, length * factor)]);
}

/**
 * Options for k6. Virtual users are those that wait for an answer: rate times the latency that the objective allows, and twice that before
 * k6 says that it could not keep the rate (dropped_iterations, which is a threshold too: a test that sent less measured something else).
 */
export function options(name, { rate, objectives, thresholds }) {
  const profile = profiles[name];
  if (!profile) throw new Error(`there is no profile ${name}; there are ${Object.keys(profiles).join(', ')}`);
  if (!Number.isInteger(rate) || rate < 1 || rate > 100000) throw new Error('RATE is a whole number of payments per second, from 1 to 100000');
  const users = Math.max(10, Math.ceil((rate * objectives.latencyMs) / 1000));
  const limits = thresholds(objectives);
  return {
    scenarios: {
      [name]: {
        executor: 'ramping-arrival-rate',
        startRate: Math.max(1, Math.floor(rate * profile.stages[0][0])),
        timeUnit: '1s',
        preAllocatedVUs: users,
        maxVUs: users * 2,
        stages: profile.stages.map(([part, length]) => ({ target: Math.max(1, Math.round(rate * part)), duration: `${length}s` })),
        gracefulStop: '10s',
      },
    },
    thresholds: {
      ...Object.fromEntries(Object.entries(limits).map(([metric, rules]) => [metric, rules.map(threshold => ({ threshold, abortOnFail: profile.abortOnFail === true, delayAbortEval: '30s' }))])),
      dropped_iterations: [{ threshold: 'count==0', abortOnFail: false }],
    },
    // Answers are not kept: a generator that runs out of memory measures itself.
    discardResponseBodies: true,
    systemTags: ['scenario', 'status', 'expected_response'],
    summaryTrendStats: ['med', 'p(95)', 'p(99)', 'p(99.9)', 'max', 'count'],
    userAgent: 'airpay-load',
  };
}
