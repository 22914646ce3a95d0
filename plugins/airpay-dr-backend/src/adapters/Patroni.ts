import { z } from 'zod';
import { callHttp, Fetch, parseJson } from '../httpCall';
import { ClusterConfig, ClusterView, MemberRole } from '../observed';
import { messageOf, OutsideError } from '../outside';
import { PatroniSettings } from '../settings';

/** A partial dynamic configuration; null removes a key. */
export type ConfigChange = Record<string, unknown>;

/** One region's Patroni cluster, through the REST API of whichever member answers. */
export interface Patroni {
  /** @throws OutsideError when no member answers */
  cluster(): Promise<ClusterView>;
  /** @throws OutsideError when no member answers */
  config(): Promise<ClusterConfig>;
  /** How many members say of themselves that they are a primary; members that do not answer are not counted but named. */
  primaries(): Promise<{ primaries: string[]; silent: string[] }>;
  /**
   * Sends the change to the leader first, since that one then acts at once. An accepted answer proves nothing: confirm by reading.
   * Sending the same change again is harmless.
   * @throws OutsideError `refused` on 4xx, `unknown` when no member answered
   */
  patchConfig(change: ConfigChange): Promise<void>;
  /**
   * Has every member compare its server's settings with the configuration. Needed because a change that arrives while a
   * server is starting is not applied to it (seen with Patroni 3.0.2). Members that do not answer are passed over.
   */
  reload(): Promise<void>;
  /** Rebuilds a follower from its leader. @throws OutsideError when it is refused, e.g. for a leader */
  reinitialize(memberName: string): Promise<void>;
}

const readTimeoutMs = 2_000;
/** Patroni writes to etcd before it answers. */
const writeTimeoutMs = 5_000;
const roles: readonly string[] = ['leader', 'sync_standby', 'replica', 'standby_leader'];

const clusterSchema = z.object({
  members: z.array(
    z.object({
      name: z.string(),
      role: z.string(),
      state: z.string().default('unknown'),
      timeline: z.number().optional(),
      lag: z.union([z.number(), z.string()]).optional(),
      host: z.string().default(''),
      port: z.number().optional(),
      api_url: z.string().optional(),
    }),
  ),
  pause: z.boolean().optional(),
});

const configSchema = z.object({
  synchronous_mode: z.union([z.boolean(), z.string()]).nullish(),
  standby_cluster: z.object({ host: z.coerce.string().default(''), port: z.coerce.number().default(5432) }).nullish(),
  postgresql: z.object({ parameters: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

const statusSchema = z.object({ patroni: z.object({ name: z.string() }), role: z.string().optional() });

function toRole(role: string): MemberRole {
  return roles.includes(role) ? (role as MemberRole) : 'unknown';
}

function toClusterView(value: unknown): ClusterView {
  const { members, pause } = clusterSchema.parse(value);
  return {
    paused: pause ?? false,
    members: members
      .map(member => ({
        name: member.name,
        role: toRole(member.role),
        state: member.state,
        timeline: member.timeline ?? null,
        lagBytes: typeof member.lag === 'number' ? member.lag : null,
        host: member.port ? `${member.host}:${member.port}` : member.host,
      }))
      .sort((left, right) => (left.name < right.name ? -1 : 1)),
  };
}

function toConfig(value: unknown): ClusterConfig {
  const config = configSchema.parse(value);
  const readOnly = config.postgresql?.parameters?.default_transaction_read_only;
  return {
    synchronousMode: config.synchronous_mode !== undefined && config.synchronous_mode !== null && config.synchronous_mode !== false && config.synchronous_mode !== 'off',
    standbyCluster: config.standby_cluster ?? null,
    defaultReadOnly: readOnly === undefined || readOnly === null ? null : String(readOnly),
  };
}

export class HttpPatroni implements Patroni {
  private readonly authorization: string;

  constructor(private readonly title: string, private readonly settings: PatroniSettings, private readonly fetchApi: Fetch = fetch) {
    this.authorization = `Basic ${Buffer.from(`${settings.username}:${settings.password}`).toString('base64')}`;
  }

  async cluster(): Promise<ClusterView> {
    return this.readAny('/cluster', toClusterView);
  }

  async config(): Promise<ClusterConfig> {
    return this.readAny('/config', toConfig);
  }

  async primaries(): Promise<{ primaries: string[]; silent: string[] }> {
    const answers = await Promise.all(
      this.settings.members.map(async member => {
        try {
          // /primary answers 200 only on the one that holds the leader lock, 503 on every other member that is alive.
          const answer = await this.get(member, '/primary', status => status === 200 || status === 503);
          return { member, primary: answer.status === 200 };
        } catch (error) {
          if (error instanceof OutsideError) return { member, primary: null };
          throw error;
        }
      }),
    );
    return {
      primaries: answers.filter(one => one.primary === true).map(one => one.member),
      silent: answers.filter(one => one.primary === null).map(one => one.member),
    };
  }

  async patchConfig(change: ConfigChange): Promise<void> {
    const failures: string[] = [];
    for (const member of await this.leaderFirst()) {
      try {
        await callHttp(this.fetchApi, {
          source: this.title, url: `${member}/config`, method: 'PATCH', body: change, timeoutMs: writeTimeoutMs,
          headers: { authorization: this.authorization },
        });
        return;
      } catch (error) {
        // A refusal is the cluster's answer and the same everywhere; silence is one member's.
        if (!(error instanceof OutsideError) || error.outcome === 'refused') throw error;
        failures.push(error.message);
      }
    }
    throw new OutsideError(this.title, 'unknown', `no member took the change: ${failures.join('; ')}`);
  }

  async reload(): Promise<void> {
    const answers = this.settings.members.map(member =>
      callHttp(this.fetchApi, {
        source: this.title, url: `${member}/reload`, method: 'POST', body: {}, timeoutMs: writeTimeoutMs, headers: { authorization: this.authorization },
      }),
    );
    const results = await Promise.allSettled(answers);
    const ours = results.find(one => one.status === 'rejected' && !(one.reason instanceof OutsideError));
    if (ours?.status === 'rejected') throw ours.reason;
  }

  async reinitialize(memberName: string): Promise<void> {
    for (const member of this.settings.members) {
      const name = await this.nameOf(member);
      if (name !== memberName) continue;
      await callHttp(this.fetchApi, {
        source: `${this.title} ${memberName}`, url: `${member}/reinitialize`, method: 'POST', body: { force: true }, timeoutMs: writeTimeoutMs,
        headers: { authorization: this.authorization },
      });
      return;
    }
    throw new OutsideError(this.title, 'refused', `no configured member answers as ${memberName}`);
  }

  private get(member: string, path: string, accept?: (status: number) => boolean) {
    return callHttp(this.fetchApi, { source: this.title, url: member + path, timeoutMs: readTimeoutMs, accept });
  }

  /** Asks all members at once and takes the first good answer, so that a hanging member costs nothing. */
  private async readAny<T>(path: string, parse: (value: unknown) => T): Promise<T> {
    try {
      return await Promise.any(
        this.settings.members.map(async member => parseJson(this.title, await this.get(member, path), parse)),
      );
    } catch (error) {
      const failures = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
      throw new OutsideError(this.title, 'unknown', `no member answered: ${failures.join('; ')}`, { cause: error });
    }
  }

  private async leaderFirst(): Promise<string[]> {
    const leads = await Promise.all(
      this.settings.members.map(member => this.get(member, '/leader').then(() => true, () => false)),
    );
    const rank = (member: string) => (leads[this.settings.members.indexOf(member)] ? 0 : 1);
    return [...this.settings.members].sort((left, right) => rank(left) - rank(right));
  }

  private async nameOf(member: string): Promise<string | null> {
    try {
      // A member that is not a primary answers /patroni with its status too, whatever the code.
      const answer = await this.get(member, '/patroni', status => status === 200 || status === 503);
      return parseJson(this.title, answer, value => statusSchema.parse(value)).patroni.name;
    } catch (error) {
      if (error instanceof OutsideError) return null;
      throw error;
    }
  }
}
