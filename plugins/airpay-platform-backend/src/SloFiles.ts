import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { PartialError, sloId } from '@airpay/plugin-airpay-platform-common';
import type { SloDefinition } from './observed';
import { UpstreamError } from './upstream';

export interface SloDefinitions {
  slos: SloDefinition[];
  /** One per file that could not be read; the others stand. */
  errors: PartialError[];
}

/** Reads a folder of PrometheusServiceLevel files. */
export interface SloFiles {
  /** @throws UpstreamError when the folder itself cannot be read */
  load(): Promise<SloDefinitions>;
}

const maxFiles = 500;
/** Files change with a deploy, not between two clicks. */
const ttlMs = 10_000;
const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a lower-case name');
const labels = z.record(z.string(), z.string()).default({});
const query = z.string().includes('{{.window}}', { message: 'must use {{.window}}' });

const documentSchema = z.object({
  apiVersion: z.literal('sloth.slok.dev/v1'),
  kind: z.literal('PrometheusServiceLevel'),
  spec: z.object({
    service: name,
    labels,
    slos: z
      .array(
        z.object({
          name,
          objective: z.number().gt(0).lt(100),
          description: z.string().default(''),
          labels,
          sli: z.object({ events: z.object({ errorQuery: query, totalQuery: query }) }),
          alerting: z.object({ name: z.string(), annotations: labels }),
        }),
      )
      .min(1),
  }),
});

export class DirectorySloFiles implements SloFiles {
  readonly #directory: string;
  readonly #now: () => number;
  #cached?: { value: Promise<SloDefinitions>; expiresAt: number };

  /** @param directory absolute, or relative to the working directory */
  constructor(directory: string, now: () => number = Date.now) {
    this.#directory = resolve(directory);
    this.#now = now;
  }

  async load(): Promise<SloDefinitions> {
    const now = this.#now();
    if (this.#cached && this.#cached.expiresAt > now) return this.#cached.value;
    const value = this.#read();
    this.#cached = { value, expiresAt: now + ttlMs };
    value.catch(() => {
      this.#cached = undefined;
    });
    return value;
  }

  async #read(): Promise<SloDefinitions> {
    let entries: string[];
    try {
      entries = await readdir(this.#directory);
    } catch (error) {
      throw new UpstreamError('SLO files', `The folder of SLO files ${this.#directory} cannot be read: ${(error as Error).message}`, { cause: error });
    }
    const files = entries.filter(file => /\.ya?ml$/.test(file) && !/\.test\.ya?ml$/.test(file)).sort();
    const slos: SloDefinition[] = [];
    const errors: PartialError[] = [];
    if (files.length > maxFiles) {
      errors.push({ source: this.#directory, message: `${files.length} files; only the first ${maxFiles} are read` });
    }
    for (const file of files.slice(0, maxFiles)) {
      try {
        const found = parseDefinitions(await readFile(join(this.#directory, file), 'utf8'), file);
        const twice = found.find(one => slos.some(other => other.id === one.id));
        if (twice) throw new Error(`${file}: ${twice.id} also stands in ${slos.find(one => one.id === twice.id)?.file}`);
        slos.push(...found);
      } catch (error) {
        errors.push({ source: file, message: (error as Error).message });
      }
    }
    return { slos, errors };
  }
}

/** @throws Error naming file and field, e.g. `ledger.yaml: spec.slos.0.objective: Too big` */
export function parseDefinitions(text: string, file: string): SloDefinition[] {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Error(`${file}: ${issue.path.join('.')}: ${issue.message}`);
  }
  const { spec } = parsed.data;
  return spec.slos.map(slo => ({
    id: sloId(spec.service, slo.name),
    service: spec.service,
    slo: slo.name,
    description: slo.description,
    objectivePercent: slo.objective,
    labels: { ...spec.labels, ...slo.labels },
    errorQuery: slo.sli.events.errorQuery,
    totalQuery: slo.sli.events.totalQuery,
    alertName: slo.alerting.name,
    runbookUrl: slo.alerting.annotations.runbook ?? null,
    file,
  }));
}
