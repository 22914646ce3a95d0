/**
 * How many ledger processes run in each region. The cluster API decides the number; this keeps it,
 * starts and stops the processes, and tells Prometheus where they are.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ledgerName, type PlatformConfig, type RegionConfig } from './config.ts';
import { ledgerTargets, ledgerTargetsFile } from './monitoring.ts';
import { ledgerSpec } from './own-programs.ts';
import { stateFile, type StateFile } from './state-file.ts';
import type { Log, Supervisor } from './supervisor.ts';

export interface Workload {
  region: string;
  /** Asked for. */
  replicas: number;
  /** Slots of the region. */
  maxReplicas: number;
  processes: { name: string; port: number; pid: number | null; state: string; restarts: number; startedAt: string | null }[];
}

/** A number of replicas that the region cannot have. */
export class BadReplicas extends Error {}

export class Workloads {
  readonly #config: PlatformConfig;
  readonly #supervisor: Supervisor;
  readonly #log: Log;
  readonly #file: StateFile<Record<string, number>>;
  #wanted: Record<string, number>;
  /** The ledger may start: its database is there and migrated. */
  #open = false;
  #applying: Promise<void> = Promise.resolve();

  constructor(config: PlatformConfig, supervisor: Supervisor, log: Log) {
    this.#config = config;
    this.#supervisor = supervisor;
    this.#log = log;
    this.#file = stateFile(join(config.stateDir, 'run/workloads.json'), () => Object.fromEntries(config.regions.map(region => [region.id, initialReplicas(config, region)])));
    this.#wanted = this.#file.read();
  }

  region(id: string): RegionConfig | undefined {
    return this.#config.regions.find(region => region.id === id);
  }

  read(region: RegionConfig): Workload {
    const processes = region.ledgerPorts.flatMap((port, index) => {
      const one = this.#supervisor.get(ledgerName(region, index));
      return one && one.state !== 'stopped' ? [{ name: one.name, port, pid: one.pid, state: one.state, restarts: one.restarts, startedAt: one.startedAt }] : [];
    });
    return { region: region.id, replicas: this.#wanted[region.id] ?? 0, maxReplicas: region.ledgerPorts.length, processes };
  }

  /** Sets the number and begins to move there. @throws BadReplicas */
  set(region: RegionConfig, replicas: unknown): Workload {
    if (!Number.isInteger(replicas) || (replicas as number) < 0 || (replicas as number) > region.ledgerPorts.length) {
      throw new BadReplicas(`replicas must be a whole number from 0 to ${region.ledgerPorts.length}`);
    }
    if (this.#wanted[region.id] !== replicas) {
      this.#log('workload', { region: region.id, replicas });
      this.#wanted = { ...this.#wanted, [region.id]: replicas as number };
      this.#file.write(this.#wanted);
      void this.apply();
    }
    return this.read(region);
  }

  /** From now on ledger processes may start. Resolves when those asked for were started. */
  async open(): Promise<void> {
    this.#open = true;
    await this.apply();
  }

  /** Moves every region to its number, one change after the other. */
  apply(): Promise<void> {
    this.#applying = this.#applying.then(() => this.#applyNow()).catch(error => this.#log('workload failed', { error: (error as Error).message }));
    return this.#applying;
  }

  async #applyNow(): Promise<void> {
    if (!this.#open) return;
    await Promise.all(this.#config.regions.flatMap(region => region.ledgerPorts.map(async (_, index) => {
      const name = ledgerName(region, index);
      if (index < (this.#wanted[region.id] ?? 0)) {
        this.#supervisor.add(ledgerSpec(this.#config, region, index));
        await this.#supervisor.startSoon(name);
      } else if (this.#supervisor.get(name)) {
        await this.#supervisor.remove(name);
      }
    })));
    this.#writeTargets();
  }

  /** Prometheus reads this file anew when it changes. */
  #writeTargets(): void {
    const file = ledgerTargetsFile(this.#config);
    const running = this.#config.regions.flatMap(region => region.ledgerPorts
      .slice(0, this.#wanted[region.id] ?? 0)
      .map((port, index) => ({ instance: ledgerName(region, index), region: region.id, port })));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.next`, ledgerTargets(running));
    renameSync(`${file}.next`, file);
  }
}

/** As many as the Deployment asks for and the nodes carry. */
function initialReplicas(config: PlatformConfig, region: RegionConfig): number {
  return Math.min(region.ledgerReplicas, region.nodePoolNodes * config.sizes.podsPerNode, region.ledgerPorts.length);
}
