import { createServer, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Entity } from '@backstage/catalog-model';

// Real HTTP servers that speak the wire formats of the systems beside us.

export interface Asked {
  method: string;
  path: string;
  form: URLSearchParams;
  authorization: string | undefined;
}
export interface Answer {
  status?: number;
  body?: unknown;
  /** Sent as it is, when the answer is not JSON. */
  text?: string;
  delayMs?: number;
}
export interface LocalServer {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** A server on a free port of 127.0.0.1. */
export async function listen(answer: (asked: Asked) => Answer): Promise<LocalServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const one: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      form: new URLSearchParams(await bodyOf(request)),
      authorization: request.headers.authorization,
    };
    asked.push(one);
    const { status = 200, body, text, delayMs = 0 } = answer(one);
    if (delayMs) await new Promise(resolve => setTimeout(resolve, delayMs));
    response.writeHead(status, { 'content-type': 'application/json' }).end(text ?? JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

type Labels = Record<string, string>;

export const vector = (samples: [Labels, number | string][], atSeconds = 1_800_000_000): Answer => ({
  body: { status: 'success', data: { resultType: 'vector', result: samples.map(([metric, value]) => ({ metric, value: [atSeconds, String(value)] })) } },
});

export const matrix = (series: [Labels, [number, number | string][]][]): Answer => ({
  body: {
    status: 'success',
    data: { resultType: 'matrix', result: series.map(([metric, points]) => ({ metric, values: points.map(([at, value]) => [at, String(value)]) })) },
  },
});

/** A sample of a recorded rule of an SLO of the ledger. */
export const rule = (slo: string, name: string, value: number | string, more: Labels = {}): [Labels, number | string] => [
  { __name__: name, sloth_id: `ledger-${slo}`, sloth_service: 'ledger', sloth_slo: slo, ...more },
  value,
];

/** A PrometheusServiceLevel file with the given objectives. */
export function sloFile(service: string, slos: { name: string; objective: number }[]): string {
  return JSON.stringify({
    apiVersion: 'sloth.slok.dev/v1',
    kind: 'PrometheusServiceLevel',
    metadata: { name: service },
    spec: {
      service,
      labels: { component: service, tier: '0' },
      slos: slos.map(({ name, objective }) => ({
        name,
        objective,
        description: `${name} of ${service}`,
        sli: {
          events: {
            errorQuery: 'sum(rate(http_requests_total{code=~"5.."}[{{.window}}]))',
            totalQuery: 'sum(rate(http_requests_total[{{.window}}]))',
          },
        },
        alerting: { name: 'Alert', annotations: { runbook: '/docs/x' }, pageAlert: {}, ticketAlert: {} },
      })),
    },
  });
}

const entity = (kind: string, name: string, spec: Record<string, unknown>, annotations: Labels = {}, labels: Labels = {}): Entity =>
  ({
    apiVersion: 'backstage.io/v1alpha1',
    kind,
    metadata: { name, namespace: 'default', annotations, labels },
    spec,
  } as Entity);

/** A small catalog: one service, its API, system, group and people. */
export const entities: Entity[] = [
  entity(
    'Component',
    'ledger',
    { type: 'service', owner: 'payments-core', system: 'payments' },
    {
      'airpay.com/slo': 'ledger',
      'airpay.com/tier': '0',
      'airpay.com/namespace': 'payments',
      'airpay.com/hosts': 'ledger.pay.airpay.example',
      'airpay.com/runbook': 'docs/runbooks/ledger.md',
      'backstage.io/kubernetes-id': 'ledger',
      'backstage.io/techdocs-ref': 'dir:.',
    },
    { team: 'payments-core', 'cost-center': 'cc-4100' },
  ),
  entity('Component', 'checkout', { type: 'service', owner: 'group:default/gone' }, {}, { 'cost-center': 'cc-4100' }),
  entity('API', 'ledger', { type: 'openapi', owner: 'payments-core' }),
  entity('System', 'payments', { owner: 'payments-core' }),
  entity('Group', 'payments-core', { type: 'team' }, {
    'airpay.com/on-call-rota': 'weekly from 2026-01-05: user:default/lea, user:default/tomas',
  }),
  entity('User', 'lea', { profile: { displayName: 'Lea Brandt' }, memberOf: ['payments-core'] }),
  entity('User', 'tomas', { profile: { displayName: 'Tomas Novak' }, memberOf: ['payments-core'] }),
];
