/** One trace from the caller through the ledger to the database, received as a collector receives it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { parseTraceparent } from '../src/domain/trace.ts';
import { createDatabase, startLedger, type TestLedger } from './support/ledger.ts';
import { eventually } from './support/process.ts';

interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}

let collector: Server;
let ledger: TestLedger;
const spans: ReceivedSpan[] = [];
let raw = '';
before(async () => {
  collector = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    raw += body;
    assert.equal(request.url, '/v1/traces');
    for (const resource of JSON.parse(body).resourceSpans) for (const scope of resource.scopeSpans) spans.push(...scope.spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>(settle => collector.listen(0, '127.0.0.1', settle));
  const { port } = collector.address() as { port: number };
  ledger = await startLedger(await createDatabase(), { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, LEDGER_TRACE_RATIO: '0' });
  await ledger.api.account('very-recognizable');
});
after(async () => {
  await ledger.close();
  await new Promise(settle => collector.close(settle));
});

const post = (traceparent: string) =>
  ledger.api.send('POST', '/v1/transfers', { body: { debitAccountId: 'cash-clearing:usd', creditAccountId: 'very-recognizable', amountMinor: '5', currency: 'USD' }, key: randomBytes(8).toString('hex'), headers: { traceparent } });

test('a sampled request is one trace: the caller\'s span, the request, the decision, the statement', async () => {
  const [traceId, parentId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  assert.equal((await post(`00-${traceId}-${parentId}-01`)).status, 201);
  await eventually(async () => spans.length, count => count >= 3, 10_000);
  const byName = new Map(spans.map(span => [span.name, span]));
  assert.deepEqual([...byName.keys()].sort(), ['POST /v1/transfers', 'ledger.append', 'ledger.decide']);
  const [request, decide, append] = ['POST /v1/transfers', 'ledger.decide', 'ledger.append'].map(name => byName.get(name)!) as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
  assert.deepEqual([request.parentSpanId, decide.parentSpanId, append.parentSpanId], [parentId, request.spanId, request.spanId]);
  for (const span of spans) assert.equal(span.traceId, traceId);
  assert.ok(BigInt(request.startTimeUnixNano) <= BigInt(decide.startTimeUnixNano) && BigInt(decide.endTimeUnixNano) <= BigInt(append.startTimeUnixNano) && BigInt(append.startTimeUnixNano) < BigInt(append.endTimeUnixNano) && BigInt(append.endTimeUnixNano) <= BigInt(request.endTimeUnixNano));
  assert.deepEqual(append.attributes.find(one => one.key === 'db.system.name')?.value, { stringValue: 'postgresql' });
  assert.doesNotMatch(raw, /recognizable/, 'a span says the route, never the path or the body');
  const line = ledger.logs.map(text => JSON.parse(text)).findLast(one => one.msg === 'request');
  assert.equal(line.traceId, traceId, 'the log line names the trace');
});

test('what the caller has not sampled is not sent, and a broken header harms nobody', async () => {
  const before_ = spans.length;
  for (const header of [`00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`, '00-zz', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`]) assert.equal((await post(header)).status, 201);
  await new Promise(settle => setTimeout(settle, 1_500));
  assert.equal(spans.length, before_);
});

test('a traceparent is taken apart, or not at all', () => {
  assert.deepEqual(parseTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), { traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
  for (const bad of [undefined, '', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-${'41'.repeat(16)}-00f067aa0ba902b7-01`, '00-4bf92f3577b34da6a3ce929d0e0e4736-4111111111111111-01']) assert.equal(parseTraceparent(bad), undefined, String(bad));
});
