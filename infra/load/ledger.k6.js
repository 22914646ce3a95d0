/**
 * k6 run -e PROFILE=ramp -e RATE=500 -e LEDGER_URL=https://… -e ACCOUNTS=accounts.json -e LEDGER_API_KEY=… infra/load/ledger.k6.js
 * ACCOUNTS: a JSON list of account ids of one currency, made for this (infra/load/accounts.ts). The key comes from the environment alone.
 */
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import { options as optionsOf } from './profiles.js';
import { payment } from './payments.js';
import { declined, failed, made, slow, thresholds } from './sli.js';

const objectives = JSON.parse(open('./objectives.json'));
const accounts = JSON.parse(open(__ENV.ACCOUNTS));

export const options = optionsOf(__ENV.PROFILE, { rate: Number(__ENV.RATE), objectives, thresholds });

const failures = new Rate('ledger_failed');
const slowness = new Rate('ledger_slow');
const refusals = new Counter('ledger_declined');
const payments = new Counter('ledger_made');
const duration = new Trend('ledger_duration', true);

// k6 calls every 4xx a failed request unless told; the objective does not.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 499 }));

export default function pay() {
  const { path, headers, body } = payment(accounts, Math.random, `load-${exec.scenario.name}-${exec.scenario.startTime}-${exec.scenario.iterationInTest}`);
  const answer = http.post(`${__ENV.LEDGER_URL}${path}`, body, { headers: { ...headers, authorization: `Bearer ${__ENV.LEDGER_API_KEY}` }, timeout: '10s', tags: { name: 'POST /v1/transfers' } });
  failures.add(failed(answer.status));
  slowness.add(slow(answer.timings.duration, objectives));
  duration.add(answer.timings.duration);
  if (declined(answer.status)) refusals.add(1);
  if (made(answer.status)) payments.add(1);
}
