import { Files, Finding } from './finding';
import { readYaml, YamlDocument } from './yamlFile';

/** Annotations by which the portal finds what belongs to a component. */
const REQUIRED_ANNOTATIONS = [
  'airpay.com/tier',
  'airpay.com/rto',
  'airpay.com/rpo',
  'airpay.com/slo',
  'airpay.com/namespace',
  'airpay.com/runbook',
  'backstage.io/kubernetes-id',
  'backstage.io/techdocs-ref',
];

/** The service repository: catalog entity, objectives and docs agree with each other and with the code. */
export function checkService(files: Files, folder: string): Finding[] {
  const { documents } = readYaml(files);
  const inFile = (name: string) => documents.filter(document => document.file === `${folder}/${name}`);
  const component = inFile('catalog-info.yaml').find(document => document.value?.kind === 'Component');
  if (!component) return [{ file: `${folder}/catalog-info.yaml`, line: 1, message: 'there is no Component' }];
  return [
    ...componentFindings(component, files, folder),
    ...sloFindings(inFile('slo.yaml')[0], component, files, folder),
    ...docsFindings(inFile('mkdocs.yml')[0], files, folder),
  ];
}

function componentFindings(component: YamlDocument, files: Files, folder: string): Finding[] {
  const { metadata, spec } = component.value;
  const at = (path: string[], message: string): Finding => ({ file: component.file, line: component.lineOf(path), message });
  const findings: Finding[] = [];
  const annotations = metadata?.annotations ?? {};
  for (const name of REQUIRED_ANNOTATIONS) {
    if (!annotations[name]) findings.push(at(['metadata', 'annotations'], `annotation ${name} is missing`));
  }
  for (const field of ['owner', 'system', 'lifecycle', 'type']) {
    if (!spec?.[field]) findings.push(at(['spec'], `spec.${field} is missing`));
  }
  const runbook = annotations['airpay.com/runbook'];
  if (runbook && !files.has(`${folder}/${runbook}`)) {
    findings.push(at(['metadata', 'annotations', 'airpay.com/runbook'], `the runbook ${runbook} does not exist`));
  }
  return findings;
}

function sloFindings(slo: YamlDocument | undefined, component: YamlDocument, files: Files, folder: string): Finding[] {
  if (!slo) return [{ file: `${folder}/slo.yaml`, line: 1, message: 'there are no objectives' }];
  const at = (path: Array<string | number>, message: string): Finding => ({ file: slo.file, line: slo.lineOf(path), message });
  const findings: Finding[] = [];
  const { kind, spec = {} } = slo.value ?? {};
  if (kind !== 'PrometheusServiceLevel') findings.push(at(['kind'], 'kind must be PrometheusServiceLevel'));
  const { service, slos } = spec;
  const wanted = component.value.metadata?.annotations?.['airpay.com/slo'];
  if (service !== wanted) findings.push(at(['spec', 'service'], `service is "${service}", but airpay.com/slo says "${wanted}"`));
  if (!Array.isArray(slos) || slos.length === 0) return [...findings, at(['spec', 'slos'], 'there is no objective')];
  const metrics = [...files].filter(([file]) => /\/metrics\.\w+$/.test(file)).map(([, text]) => text).join('\n');
  for (const [index, one] of slos.entries()) {
    const path = ['spec', 'slos', index];
    if (typeof one?.objective !== 'number' || one.objective <= 0 || one.objective >= 100) {
      findings.push(at([...path, 'objective'], 'objective must be a percentage between 0 and 100, both excluded'));
    }
    for (const query of ['errorQuery', 'totalQuery']) {
      const text = one?.sli?.events?.[query];
      const where = [...path, 'sli', 'events', query];
      if (typeof text !== 'string' || !text.includes('[{{.window}}]')) {
        findings.push(at(where, `${query} must be an expression over [{{.window}}]`));
        continue;
      }
      for (const metric of unknownMetrics(text, metrics)) {
        findings.push(at(where, `${query} reads ${metric}, which the service does not emit`));
      }
    }
  }
  return findings;
}

/** Metrics of a query that no metrics file names. */
function unknownMetrics(query: string, metrics: string): string[] {
  const names = [...query.matchAll(/([a-zA-Z_:][\w:]*)\{/g)].map(match => match[1]);
  return [...new Set(names)].filter(name => !metrics.includes(`'${name.replace(/_(count|sum|bucket)$/, '')}'`));
}

function docsFindings(mkdocs: YamlDocument | undefined, files: Files, folder: string): Finding[] {
  if (!mkdocs) return [{ file: `${folder}/mkdocs.yml`, line: 1, message: 'there are no docs' }];
  const docs = mkdocs.value?.docs_dir ?? 'docs';
  const pages = ((mkdocs.value?.nav ?? []) as object[]).flatMap(entry => Object.values(entry));
  return pages
    .filter(page => !files.has(`${folder}/${docs}/${page}`))
    .map(page => ({ file: mkdocs.file, line: mkdocs.lineOf(['nav']), message: `${docs}/${page} does not exist` }));
}
