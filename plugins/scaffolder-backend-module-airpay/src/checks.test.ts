/** Each check finds its fault: one thing broken in a rendered service, one finding expected, with its line. */
import { readInputs, startHarness } from '../dev/harness';
import { checkRendered } from './checks';

jest.setTimeout(180_000);
let files: Map<string, string>;
beforeAll(async () => {
  const harness = await startHarness();
  try {
    const result = await harness.render('payment-service', (await readInputs('payment-service', 'valid')).get('card-payments'));
    if ('refusal' in result) throw new Error(result.refusal);
    files = result.files;
  } finally {
    await harness.stop();
  }
});

/** Findings after `change`, which may edit or remove files. */
function findingsAfter(change: (files: Map<string, string>) => void): string[] {
  const copy = new Map(files);
  change(copy);
  const part = (folder: string) =>
    new Map([...copy].filter(([file]) => file.startsWith(`${folder}/`)).map(([file, text]) => [file.slice(folder.length + 1), text]));
  return checkRendered({ service: part('service'), infra: part('infra'), gitops: part('gitops') });
}

function edit(file: string, from: string | RegExp, to: string): (files: Map<string, string>) => void {
  return all => {
    const before = all.get(file);
    const after = before?.replace(from, to);
    if (after === undefined || after === before) throw new Error(`${file} has no ${from}`);
    all.set(file, after);
  };
}

it('finds nothing in what the template renders', () => {
  expect(findingsAfter(() => undefined)).toEqual([]);
});

const DEPLOYMENT = 'gitops/base/deployment.yaml';
const FAULTS: Array<[string, (files: Map<string, string>) => void, RegExp]> = [
  ['YAML that does not parse', edit(DEPLOYMENT, 'kind: Deployment', 'kind: [Deployment'), /^gitops\/base\/deployment\.yaml:\d+ /],
  ['a key given twice', edit('gitops/base/service.yaml', 'kind: Service', 'kind: Service\nkind: Service'), /service\.yaml:3 .*unique/],
  ['JSON that does not parse', edit('service/package.json', '"private": true,', '"private": true,,'), /^service\/package\.json:4 /],
  ['a placeholder left', edit('service/docs/index.md', '# card-payments', '# ${{ values.nmae }}'), /^service\/docs\/index\.md:1 a placeholder/],
  ['a tag instead of a digest', edit(DEPLOYMENT, /image: .*/, 'image: service:latest'), /:\d+ image of service must name a digest/],
  ['pods as root', edit(DEPLOYMENT, 'runAsNonRoot: true', 'runAsNonRoot: false'), /runAsNonRoot must be true/],
  ['no seccomp profile', edit(DEPLOYMENT, 'RuntimeDefault', 'Unconfined'), /seccompProfile\.type must be RuntimeDefault/],
  ['privilege escalation', edit(DEPLOYMENT, 'allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'), /allowPrivilegeEscalation must be false/],
  ['a writable root', edit(DEPLOYMENT, 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'), /readOnlyRootFilesystem must be true/],
  ['capabilities kept', edit(DEPLOYMENT, 'drop: [ALL]', 'drop: [NET_RAW]'), /capabilities\.drop must contain ALL/],
  ['no memory limit', edit(DEPLOYMENT, /limits:\n +cpu: 250m\n +memory: 256Mi/, 'limits:\n              cpu: 250m'), /resources\.limits\.memory is missing/],
  ['no readiness probe', edit(DEPLOYMENT, 'readinessProbe:', 'x-readinessProbe:'), /readinessProbe is missing/],
  ['a probe of a port that is not there', edit(DEPLOYMENT, /(readinessProbe:\n.*\n.*\n +port: )http/, '$1web'), /readinessProbe asks port web/],
  ['an unknown service account', edit(DEPLOYMENT, /serviceAccountName: .*/, 'serviceAccountName: other'), /:\d+ service account other does not exist/],
  ['an unknown secret', edit(DEPLOYMENT, /(secretKeyRef:\n +name: ).*/, '$1other'), /secret other does not exist/],
  ['a selector beside its pods', edit('gitops/base/service.yaml', /(selector:\n +app.kubernetes.io\/name: ).*/, '$1other'), /^gitops\/base\/service\.yaml:\d+ the selector matches no pod/],
  ['a port nobody listens on', edit('gitops/base/service.yaml', 'targetPort: http', 'targetPort: web'), /no container has port web/],
  ['a route to no service', edit('gitops/base/route.yaml', 'port: 80\n', 'port: 81\n'), /no service card-payments with port 81/],
  ['a scaler of nothing', edit('gitops/base/autoscaling.yaml', /(kind: Deployment\n +name: ).*/, '$1other'), /the scale target does not exist/],
  ['a disruption budget of nothing', edit('gitops/base/autoscaling.yaml', /(matchLabels:\n +app.kubernetes.io\/name: ).*/, '$1other'), /autoscaling\.yaml:\d+ the selector matches no pod/],
  ['a scrape of no port', edit('gitops/base/monitoring.yaml', 'port: http', 'port: web'), /monitoring\.yaml:\d+ no container has port web/],
  ['a policy for nobody', edit('gitops/base/networkpolicies.yaml', /(name: to-ledger\n.*\n.*\n.*\n +app.kubernetes.io\/name: ).*/, '$1other'), /networkpolicies\.yaml:\d+ the selector matches no pod/],
  ['a label missing in one overlay', edit('gitops/overlays/production-region-b/kustomization.yaml', / +region: region-b\n/, ''), /production-region-b\/kustomization\.yaml:\d+ pods of card-payments lack the required label region$/],
  ['a label missing everywhere', edit('gitops/base/kustomization.yaml', /cost-center:/, 'costcenter:'), /lack the required label cost-center/],
  ['a resource that does not exist', all => all.delete('gitops/base/service.yaml'), /kustomization\.yaml:\d+ gitops\/base\/service\.yaml does not exist/],
  ['a file nobody lists', all => all.set('gitops/base/extra.yaml', 'a: 1\n'), /^gitops\/base\/extra\.yaml:1 no kustomization lists/],
  ['an overlay without namespace', edit('gitops/overlays/dev/kustomization.yaml', /namespace: .*\n/, ''), /names no namespace/],
  ['Terraform of its own', all => all.set('infra/main.tf', 'data "external" "x" {}\n'), /^infra\/main\.tf:1 the server takes no such file/],
  ['a value that is none', edit('infra/service.tfvars', '"payments-core"', '"Payments Core"'), /^infra\/service\.tfvars:2 a line is team, cost_center, tier/],
  ['a value too many', edit('infra/service.tfvars', /$/, 'name = "ledger"\n'), /^infra\/service\.tfvars:5 a line is/],
  ['a value missing', edit('infra/service.tfvars', /cost_center.*\n/, ''), /^infra\/service\.tfvars:1 value cost_center is missing/],
  ['no values', all => all.delete('infra/service.tfvars'), /^infra\/service\.tfvars:1 there are no values/],
  ['nothing planned', edit('infra/atlantis.yaml', /projects:[^]*$/, 'projects: []\n'), /^infra\/atlantis\.yaml:1 nothing is planned/],
  ['dev by the account of production', edit('infra/atlantis.yaml', 'service-dev', 'service-prod'), /^infra\/atlantis\.yaml:\d+ dev-region-a is planned by service-dev/],
  ['a project of no environment', edit('infra/atlantis.yaml', 'dev-region-a', 'staging-region-a'), /^infra\/atlantis\.yaml:\d+ project staging-region-a is not/],
  ['a project twice', edit('infra/atlantis.yaml', 'production-region-b', 'production-region-a'), /^infra\/atlantis\.yaml:\d+ project production-region-a is not .* once/],
  ['a project of another folder', edit('infra/atlantis.yaml', "dir: '.'", 'dir: a'), /planned at the top/],
  ['an annotation missing', edit('service/catalog-info.yaml', 'airpay.com/rto', 'airpay.com/rtoo'), /annotation airpay\.com\/rto is missing/],
  ['a runbook that does not exist', all => all.delete('service/docs/runbook.md'), /^service\/catalog-info\.yaml:\d+ the runbook docs\/runbook\.md does not exist/],
  ['objectives of another service', edit('service/slo.yaml', '  service: card-payments', '  service: cards'), /service is "cards", but airpay\.com\/slo says "card-payments"/],
  ['an objective of 100 %', edit('service/slo.yaml', 'objective: 99.99', 'objective: 100'), /^service\/slo\.yaml:\d+ objective must be a percentage/],
  ['a query without window', edit('service/slo.yaml', '[{{.window}}]', '[5m]'), /Query must be an expression over \[\{\{\.window\}\}\]/],
  ['a metric nobody emits', edit('service/src/metrics.ts', 'http_requests_total', 'requests_total'), /reads http_requests_total, which the service does not emit/],
  ['a docs page that does not exist', edit('service/mkdocs.yml', 'index.md', 'start.md'), /docs\/start\.md does not exist/],
];
it.each(FAULTS)('finds %s', (_name, change, expected) => {
  const findings = findingsAfter(change);
  expect(findings).not.toEqual([]);
  expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(expected)]));
});
