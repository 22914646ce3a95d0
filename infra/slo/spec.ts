/** Reads a PrometheusServiceLevel file and says exactly what is wrong with it. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface AlertSpec {
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  page: Record<string, string>;
  ticket: Record<string, string>;
}

export interface SloSpec {
  name: string;
  /** Percent, 0 < objective < 100. */
  objective: number;
  description: string;
  errorQuery: string;
  totalQuery: string;
  labels: Record<string, string>;
  alert: AlertSpec;
}

export interface ServiceSpec {
  service: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  slos: SloSpec[];
}

export class SpecError extends Error {
  override name = 'SpecError';
}

type Json = Record<string, unknown>;

const kind = 'PrometheusServiceLevel';
const apiVersion = 'sloth.slok.dev/v1';
const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * @throws SpecError with file and field, e.g. `ledger.yaml: spec.slos[1].objective: 100 leaves no budget`
 */
export function readSpec(path: string): ServiceSpec {
  let document: unknown;
  try {
    document = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SpecError(`${path}: ${(error as Error).message}`);
  }
  return parseSpec(document, path);
}

export function parseSpec(document: unknown, path: string): ServiceSpec {
  const fail = (field: string, message: string): never => {
    throw new SpecError(`${path}: ${field}: ${message}`);
  };
  const object = (value: unknown, field: string): Json =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Json)
      : fail(field, 'must be an object');
  const text = (value: unknown, field: string): string =>
    typeof value === 'string' && value.trim() !== '' ? value : fail(field, 'must be a text');
  const name = (value: unknown, field: string): string => {
    const found = text(value, field);
    return namePattern.test(found) ? found : fail(field, `"${found}" is not a lower-case name`);
  };
  const strings = (value: unknown, field: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(value === undefined ? {} : object(value, field)).map(([key, one]) => [
        key,
        text(one, `${field}.${key}`),
      ]),
    );
  const query = (value: unknown, field: string): string => {
    const found = text(value, field);
    return found.includes('{{.window}}') ? found : fail(field, 'must use {{.window}}');
  };

  const root = object(document, 'document');
  if (root.apiVersion !== apiVersion) fail('apiVersion', `must be ${apiVersion}`);
  if (root.kind !== kind) fail('kind', `must be ${kind}`);
  const metadata = object(root.metadata, 'metadata');
  const spec = object(root.spec, 'spec');
  const service = name(spec.service, 'spec.service');
  if (!Array.isArray(spec.slos) || spec.slos.length === 0) fail('spec.slos', 'must be a list');
  const slos = (spec.slos as unknown[]).map((value, index): SloSpec => {
    const at = `spec.slos[${index}]`;
    const slo = object(value, at);
    const { objective } = slo;
    if (typeof objective !== 'number' || !(objective > 0 && objective < 100)) {
      fail(`${at}.objective`, `${objective} leaves no budget or no objective: 0 < objective < 100`);
    }
    const events = object(object(slo.sli, `${at}.sli`).events, `${at}.sli.events`);
    const alerting = object(slo.alerting, `${at}.alerting`);
    const alert = (which: 'pageAlert' | 'ticketAlert') =>
      strings(
        object(alerting[which], `${at}.alerting.${which}`).labels,
        `${at}.alerting.${which}.labels`,
      );
    return {
      name: name(slo.name, `${at}.name`),
      objective: objective as number,
      description: text(slo.description, `${at}.description`),
      errorQuery: query(events.errorQuery, `${at}.sli.events.errorQuery`),
      totalQuery: query(events.totalQuery, `${at}.sli.events.totalQuery`),
      labels: strings(slo.labels, `${at}.labels`),
      alert: {
        name: text(alerting.name, `${at}.alerting.name`),
        labels: strings(alerting.labels, `${at}.alerting.labels`),
        annotations: strings(alerting.annotations, `${at}.alerting.annotations`),
        page: alert('pageAlert'),
        ticket: alert('ticketAlert'),
      },
    };
  });
  const names = slos.map(slo => slo.name);
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  if (twice) fail('spec.slos', `"${twice}" is there twice`);
  return {
    service,
    labels: strings(spec.labels, 'spec.labels'),
    annotations: strings(metadata.annotations, 'metadata.annotations'),
    slos,
  };
}
