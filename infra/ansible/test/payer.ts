/**
 * Payers, and as much of the ledger's API as a region switch uses, on the router between the regions. What was acknowledged is kept in
 * this process alone: the judge of a switch must not be a database that was switched. Also takes what the tests' gcloud is told:
 * where traffic goes, and which machine is to stop.
 *   node payer.ts <port> <authority file> <folder of the machines> <region> '<{"region": [address]}>' <password>
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const [port, caFile, machinesFolder, firstRegion, addressesText, password] = process.argv.slice(2) as [string, string, string, string, string, string];
const addresses = JSON.parse(addressesText) as Record<string, string[]>;
const ca = readFileSync(caFile, 'utf8');
const PAYERS = 2;
const PAUSE_MS = 100;
const DATABASE_PORT = 5432;

let region = firstRegion;
let paying = true;
const acknowledged: { transferId: string; at: string; region: string }[] = [];
let sequence = 0;

/** Through the region's own door: any of its HAProxies, as the load balancer does. */
async function connect(where: string): Promise<pg.Client> {
  let lastError: unknown;
  for (const host of addresses[where] ?? []) {
    const client = new pg.Client({
      host, port: DATABASE_PORT, user: 'ledger_app', password, database: 'ledger', connectionTimeoutMillis: 1_500, query_timeout: 3_000,
      ssl: { ca, servername: `rw.${where}.db.airpay.example` },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      lastError = error;
      await client.end().catch(() => undefined);
    }
  }
  throw lastError;
}

const insert = async (client: pg.Client, id: string, where: string) => client.query('INSERT INTO payments (id, region) VALUES ($1, $2)', [id, where]);

async function pay(payer: number): Promise<void> {
  let client: pg.Client | undefined;
  let connected = '';
  for (;;) {
    await sleep(client ? PAUSE_MS : 50);
    if (!paying) continue;
    const where = region;
    try {
      if (!client || connected !== where) {
        await client?.end().catch(() => undefined);
        client = undefined;
        client = await connect(where);
        connected = where;
      }
      // An error leaves in doubt what became of it: the number is never used again.
      const id = `${payer}-${++sequence}`;
      await insert(client, id, where);
      acknowledged.push({ transferId: id, at: new Date().toISOString(), region: where });
    } catch {
      const broken = client;
      client = undefined;
      await broken?.end().catch(() => undefined);
    }
  }
}

async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
}

interface Answer { status: number; json: unknown; headers?: Record<string, string> }

async function withLedger<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(region);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://payer');
  const where = region;
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /v1/acknowledged': {
      const from = url.searchParams.get('from') ?? '';
      const to = url.searchParams.get('to') ?? '9';
      const limit = Number(url.searchParams.get('limit') ?? 1_000);
      const inWindow = acknowledged.filter(one => one.at >= from && one.at <= to.replace('Z', '.999Z'));
      return { status: 200, json: { acknowledged: inWindow.slice(0, limit), truncated: inWindow.length > limit } };
    }
    case 'POST /v1/accounts':
      return { status: 201, json: await body(request) };
    case 'POST /v1/transfers': {
      const id = `verification-${String(request.headers['idempotency-key'])}`;
      await withLedger(client => client.query('INSERT INTO payments (id, region) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING', [id, where]));
      return { status: 201, json: { id }, headers: { 'Airpay-Region': where } };
    }
    case 'POST /v1/transfers/lookup': {
      const { ids } = await body(request) as { ids: string[] };
      const { rows } = await withLedger(client => client.query<{ id: string }>('SELECT id FROM payments WHERE id = ANY ($1)', [ids]));
      const found = new Set(rows.map(row => row.id));
      return { status: 200, json: { transfers: rows, missing: ids.filter(id => !found.has(id)) } };
    }
    case 'POST /traffic':
      region = String((await body(request))['region']);
      return { status: 200, json: { region } };
    case 'POST /paying':
      paying = Boolean((await body(request))['paying']);
      return { status: 200, json: { paying } };
    case 'POST /stop': {
      const name = String((await body(request))['machine']);
      try {
        process.kill(Number(readFileSync(join(machinesFolder, name, 'pid'), 'utf8')), 'SIGKILL');
      } catch {
        // It is off already: that is what was wanted.
      }
      return { status: 200, json: { stopped: name } };
    }
    default:
      return { status: 404, json: { error: 'no such path' } };
  }
}

createServer((request, response) => {
  answer(request).then(
    ({ status, json, headers }) => response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(json)),
    (error: unknown) => response.writeHead(503, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: String(error) })),
  );
}).listen(Number(port), '0.0.0.0', () => console.log('ready'));

for (let payer = 0; payer < PAYERS; payer++) void pay(payer);
