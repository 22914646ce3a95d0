/**
 * Machines for the plays: each is Debian's own systemd in namespaces of its own, on a root laid over this computer's. Two regions are
 * two bridges with a router between them, all inside one network namespace: no packet ever leaves it.
 */
import { execFile, spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BOOT_TIMEOUT_MS = 60_000;
const NEEDED_BYTES = 4 * 1024 ** 3;

export interface MachineSpec {
  name: string;
  region: string;
  zone: string;
  address: string;
}

interface Machine extends MachineSpec {
  folder: string;
  pidFile: string;
  process: ChildProcess | undefined;
  /** Of systemd inside, as this computer numbers it. */
  pid: number | undefined;
}

/** Units that look after the real hardware, the kernel or the package archive: none of that is a machine's here. */
const MASKED = [
  'systemd-timesyncd.service', 'systemd-modules-load.service', 'systemd-sysctl.service', 'systemd-remount-fs.service', 'systemd-udevd.service',
  'systemd-udev-trigger.service', 'systemd-pstore.service', 'e2scrub_reap.service', 'e2scrub_all.timer', 'fstrim.timer', 'apt-daily.timer',
  'apt-daily-upgrade.timer', 'man-db.timer', 'dpkg-db-backup.timer', 'getty.target', 'systemd-logind.service', 'systemd-binfmt.service',
  'dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount', 'proc-sys-fs-binfmt_misc.automount', 'proc-sys-fs-binfmt_misc.mount',
  // Woken by every call of apt, for a desktop.
  'packagekit.service', 'polkit.service',
  // Not on a database machine; on this computer they are installed for other tests.
  'prometheus.service', 'prometheus-alertmanager.service',
];

/** Commands for root: as root themselves, else through sudo without a question. */
export function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { timeout: 5_000 }).status === 0 ? ['sudo', '-n'] : undefined;
}

function stateFolder(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > NEEDED_BYTES ? memory : tmpdir();
}

function cgroupRoot(): string {
  const line = readFileSync('/proc/mounts', 'utf8').split('\n').find(one => one.split(' ')[2] === 'cgroup2');
  if (!line) throw new Error('No cgroup2 file system is mounted: systemd cannot run without one.');
  return line.split(' ')[1]!;
}

const firstChild = (pid: number) => {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || undefined;
  } catch {
    return undefined;
  }
};

const programOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
};

/** The third number of an address is the region's, its router is .1 there. */
const router = (address: string) => address.replace(/\.\d+$/, '.1');

export class Machines {
  readonly folder: string;
  readonly #cgroup: string;
  readonly #machines = new Map<string, Machine>();
  #network: ChildProcess | undefined;

  /** `files`: what every machine finds on its disk before anything runs, by path; `commands`: a folder of programs for /usr/local/sbin. */
  constructor(specs: MachineSpec[], hosts: string, files: (spec: MachineSpec) => Record<string, string> = () => ({}), commands?: string) {
    this.folder = mkdtempSync(join(stateFolder(), 'airpay-machines-'));
    this.#cgroup = join(cgroupRoot(), `airpay-machines-${process.pid}`);
    for (const spec of specs) {
      const folder = join(this.folder, spec.name);
      this.#machines.set(spec.name, { ...spec, folder, pidFile: join(folder, 'pid'), process: undefined, pid: undefined });
      this.#writeFiles(folder, { ...files(spec), 'etc/hosts': `127.0.0.1 localhost\n${hosts}` }, spec.name);
      if (commands) cpSync(commands, join(folder, 'files/usr/local/sbin'), { recursive: true });
      // Shared by all, as a bucket is.
      const repository = join(this.folder, 'repositories');
      mkdirSync(repository, { recursive: true });
      spawnSync('chown', ['postgres:postgres', repository]);
      writeFileSync(join(folder, 'repository'), repository);
    }
  }

  #writeFiles(folder: string, files: Record<string, string>, name: string): void {
    const all = { ...files, 'etc/hostname': `${name}\n`, 'etc/resolv.conf': '', 'etc/machine-id': `${Buffer.from(name.padEnd(16, '.')).toString('hex')}\n` };
    for (const [path, text] of Object.entries(all)) {
      const file = join(folder, 'files', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    for (const unit of MASKED) {
      const file = join(folder, 'files/etc/systemd/system', unit);
      mkdirSync(dirname(file), { recursive: true });
      spawnSync('ln', ['-sfn', '/dev/null', file]);
    }
  }

  /** Boots everything at once. */
  async start(): Promise<void> {
    await this.#startNetwork();
    await Promise.all([...this.#machines.keys()].map(name => this.boot(name)));
  }

  async #startNetwork(): Promise<void> {
    this.#network = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    const until = Date.now() + 5_000;
    while (programOf(this.#network.pid!) !== 'sleep') {
      if (Date.now() > until) throw new Error('The network of the machines did not start.');
      await sleep(10);
    }
    await this.inNetwork(['ip', 'link', 'set', 'lo', 'up']);
    await this.inNetwork(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    for (const [index, address] of [...new Set([...this.#machines.values()].map(one => router(one.address)))].entries()) {
      await this.inNetwork(['ip', 'link', 'add', `region${index}`, 'type', 'bridge']);
      await this.inNetwork(['ip', 'address', 'add', `${address}/24`, 'dev', `region${index}`]);
      await this.inNetwork(['ip', 'link', 'set', `region${index}`, 'up']);
    }
  }

  async boot(name: string): Promise<void> {
    const machine = this.#machine(name);
    const child = spawn(join(import.meta.dirname, 'machine.sh'), [machine.folder, name, join(this.#cgroup, name)], { stdio: ['ignore', 'ignore', 'pipe'] });
    machine.process = child;
    let errors = '';
    child.stderr!.on('data', (chunk: Buffer) => { errors = (errors + chunk.toString()).slice(-4_000); });
    const until = Date.now() + BOOT_TIMEOUT_MS;
    for (;;) {
      const pid = firstChild(child.pid!);
      if (pid && programOf(pid) === 'systemd') {
        machine.pid = pid;
        break;
      }
      if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} did not boot: ${errors || 'no word'}`);
      await sleep(20);
    }
    writeFileSync(machine.pidFile, String(machine.pid));
    await this.#plug(machine);
    for (;;) {
      const state = spawnSync('nsenter', this.#enter(machine, ['systemctl', 'is-system-running']), { encoding: 'utf8' }).stdout.trim();
      if (state === 'running' || state === 'degraded') return;
      if (Date.now() > until) throw new Error(`${name} is still ${state} after ${BOOT_TIMEOUT_MS} ms: ${errors}`);
      await sleep(100);
    }
  }

  async #plug(machine: Machine): Promise<void> {
    const index = [...new Set([...this.#machines.values()].map(one => router(one.address)))].indexOf(router(machine.address));
    await this.inNetwork(['ip', 'link', 'add', machine.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(machine.pid)]);
    await this.inNetwork(['ip', 'link', 'set', machine.name, 'master', `region${index}`, 'up']);
    await this.shell(machine.name, `ip address add ${machine.address}/24 dev eth0 && ip link set eth0 up && ip route add default via ${router(machine.address)}`);
  }

  /** Every process of the machine dies at once, as when its power is cut. What it wrote stays. */
  async kill(name: string): Promise<void> {
    const machine = this.#machine(name);
    const { process: child, pid } = machine;
    if (!child || !pid) return;
    const gone = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise(resolve => child.once('exit', resolve));
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
    await gone;
    rmSync(machine.pidFile, { force: true });
    Object.assign(machine, { process: undefined, pid: undefined });
    // With its namespace the machine's end of the cable goes, and with that the other end; not always at once.
    await this.inNetwork(['ip', 'link', 'del', name]).catch(() => undefined);
    this.#removeCgroup(join(this.#cgroup, name));
  }

  running(name: string): boolean {
    return this.#machine(name).pid !== undefined;
  }

  pidFile(name: string): string {
    return this.#machine(name).pidFile;
  }

  /** The road between the regions. Who is in the middle (payers) still reaches both. */
  async setLink(open: boolean): Promise<void> {
    await this.inNetwork(['sysctl', '-qw', `net.ipv4.ip_forward=${open ? 1 : 0}`]);
  }

  /** Runs a command line in a machine as root. @throws Error with what it said */
  async shell(name: string, command: string, timeout = 60_000): Promise<string> {
    const { stdout } = await run('nsenter', this.#enter(this.#machine(name), ['/bin/sh', '-c', command]), { timeout, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  }

  /** Runs a command in the network of the regions, outside every machine. */
  async inNetwork(command: string[], timeout = 30_000): Promise<string> {
    const { stdout } = await run('nsenter', ['--target', String(this.#network!.pid), '--net', ...command], { timeout });
    return stdout;
  }

  spawnInNetwork(command: string[], options: SpawnOptions): ChildProcess {
    return spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', '--target', String(this.#network!.pid), '--net', ...command], options);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#machines.keys()].map(name => this.kill(name)));
    this.#network?.kill('SIGKILL');
    this.#removeCgroup(this.#cgroup);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #enter(machine: Machine, command: string[]): string[] {
    if (!machine.pid) throw new Error(`${machine.name} does not run`);
    return ['--target', String(machine.pid), '--all', '--root', '--wd', 'env', '-i', 'LANG=C.UTF-8', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...command];
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (!machine) throw new Error(`There is no machine ${name}.`);
    return machine;
  }

  #removeCgroup(folder: string): void {
    if (existsSync(folder)) spawnSync('find', [folder, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { stdio: 'ignore' });
  }
}
