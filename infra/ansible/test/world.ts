/** Six machines in two regions with payers between them, and what a test asks of them. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runPlay, type PlayResult } from './ansible.ts';
import { estate, hostsFile, PASSWORD, productionMachines, secretEnvironment, writeInventory } from './inventory.ts';
import { Machines } from './machines.ts';

const PAYER_PORT = 8090;
export const specs = productionMachines();
export const membersOf = (region: string) => specs.filter(one => one.region === region).map(one => one.name);

export interface Member { name: string; role: string; state: string; timeline: number }
export interface Acknowledged { transferId: string; at: string; region: string }

export class World {
  readonly machines: Machines;
  readonly inventory: string;
  readonly environment: Record<string, string>;
  readonly evidence: string;
  #payers: ChildProcess | undefined;

  constructor() {
    const payer = (address: string) => `http://${address.replace(/\.\d+$/, '.1')}:${PAYER_PORT}`;
    this.machines = new Machines(specs, hostsFile(specs), spec => ({ 'etc/airpay-payer': payer(spec.address) }), join(import.meta.dirname, 'commands'));
    this.inventory = writeInventory(this.machines.folder, specs, this.machines);
    this.environment = { ...secretEnvironment(this.machines.folder), AIRPAY_SECRET_PORTAL_LEDGER_API_KEY: PASSWORD };
    this.evidence = join(this.machines.folder, 'evidence');
    mkdirSync(this.evidence);
  }

  /** Runs a play as people run it; what a control machine reaches (ledger, cloud) is reached from `caller`. */
  async play(playbook: string, variables: Record<string, unknown> = {}, more: { caller?: string; arguments?: string[] } = {}): Promise<PlayResult> {
    const caller = more.caller ?? 'pg-a3';
    const url = (await this.machines.shell(caller, 'cat /etc/airpay-payer')).trim();
    return runPlay(playbook, {
      inventory: this.inventory, environment: this.environment, arguments: more.arguments ?? [], timeoutMs: 600_000,
      variables: { switch_caller: caller, switch_ledger: { url, namespace: 'payments', deployment: 'ledger' }, switch_payer_log_url: url, evidence_folder: this.evidence, ...variables },
    });
  }

  async startPayers(region: string): Promise<void> {
    const addresses = Object.fromEntries(['region-a', 'region-b'].map(one => [one, specs.filter(spec => spec.region === one).map(spec => spec.address)]));
    const child = this.machines.spawnInNetwork([process.execPath, join(import.meta.dirname, 'payer.ts'), String(PAYER_PORT), join(this.machines.folder, 'ca.crt'),
      this.machines.folder, region, JSON.stringify(addresses), PASSWORD], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve());
      child.once('exit', code => reject(new Error(`the payers ended with ${code}`)));
    });
    child.removeAllListeners('exit');
    this.#payers = child;
  }

  /** Ends payers and machines. Payers left alone would keep this process from ending, and with it the whole run. */
  async stop(): Promise<void> {
    this.#payers?.kill('SIGKILL');
    await this.machines.stop();
  }

  async payer(path: string, body?: unknown): Promise<Record<string, unknown>> {
    const data = body === undefined ? [] : ['--header', 'Content-Type: application/json', '--data', JSON.stringify(body)];
    return JSON.parse(await this.machines.inNetwork(['curl', '--silent', '--show-error', '--max-time', '10', ...data, `http://127.0.0.1:${PAYER_PORT}${path}`])) as Record<string, unknown>;
  }

  async acknowledged(): Promise<Acknowledged[]> {
    return (await this.payer('/v1/acknowledged?limit=1000000'))['acknowledged'] as Acknowledged[];
  }

  /** Waits until payments are acknowledged that were not before. */
  async paysAgain(timeoutMs = 30_000): Promise<void> {
    const before = (await this.acknowledged()).length;
    await this.until(async () => (await this.acknowledged()).length >= before + 10, timeoutMs, 'no payment is acknowledged');
  }

  /** Acknowledged payments that the region's primary does not have, asked after the payers have paused. */
  async lost(): Promise<string[]> {
    await this.payer('/paying', { paying: false });
    await sleep(500);
    try {
      const acknowledged = await this.acknowledged();
      const region = await this.writer();
      const present = new Set((await this.sql(await this.leader(region), 'SELECT id FROM payments')).split('\n'));
      return acknowledged.map(one => one.transferId).filter(id => !present.has(id));
    } finally {
      await this.payer('/paying', { paying: true });
    }
  }

  async sql(machine: string, statement: string, database = 'ledger'): Promise<string> {
    const quoted = `'${statement.replaceAll("'", `'\\''`)}'`;
    return (await this.machines.shell(machine, `runuser -u postgres -- psql -h /var/run/postgresql -p ${estate.databasePorts['postgres']} -XAtq -v ON_ERROR_STOP=1 -d ${database} -c ${quoted}`)).trim();
  }

  /** Patroni's word, over TLS with the authority's certificate. */
  async rest(machine: string, path: string): Promise<{ status: number; body: string }> {
    const { region } = specs.find(one => one.name === machine)!;
    const out = await this.machines.shell(machine, `curl --silent --max-time 5 --cacert /etc/airpay/tls/ca.crt --write-out '\\n%{http_code}' https://${machine}.${region}.db.airpay.example:8008${path} || true`);
    const end = out.trimEnd().lastIndexOf('\n');
    return { status: Number(out.slice(end).trim()), body: out.slice(0, end) };
  }

  async cluster(region: string): Promise<Member[]> {
    for (const machine of membersOf(region).filter(name => this.machines.running(name))) {
      const { status, body } = await this.rest(machine, '/cluster');
      if (status === 200) return (JSON.parse(body) as { members: Member[] }).members;
    }
    return [];
  }

  async leader(region: string): Promise<string> {
    const leader = (await this.cluster(region)).find(one => ['leader', 'standby_leader'].includes(one.role));
    if (!leader) throw new Error(`${region} has no leader`);
    return leader.name;
  }

  /** The one region whose leader is a primary that is not in recovery. @throws Error when it is not one */
  async writer(): Promise<string> {
    const writers: string[] = [];
    for (const region of ['region-a', 'region-b']) {
      for (const machine of membersOf(region).filter(name => this.machines.running(name))) {
        const recovery = await this.sql(machine, 'SELECT pg_is_in_recovery()', 'postgres').catch(() => 'down');
        if (recovery === 'f') writers.push(region);
      }
    }
    if (writers.length !== 1) throw new Error(`regions that write: ${writers.join(', ') || 'none'}`);
    return writers[0]!;
  }

  commands(machine: string): Promise<string> {
    return this.machines.shell(machine, 'cat /var/log/airpay-commands.log 2>/dev/null; rm -f /var/log/airpay-commands.log');
  }

  readEvidence(ending: string): Record<string, unknown> {
    const names = readdirSync(this.evidence).filter(name => name.endsWith(ending)).sort();
    return JSON.parse(readFileSync(join(this.evidence, names.at(-1)!), 'utf8')) as Record<string, unknown>;
  }

  async until(holds: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await holds().catch(() => false))) {
      if (Date.now() > end) throw new Error(`after ${timeoutMs} ms: ${what}`);
      await sleep(250);
    }
  }
}
