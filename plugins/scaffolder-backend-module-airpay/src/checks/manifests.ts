import path from 'node:path/posix';
import { Files, Finding, REQUIRED_LABELS } from './finding';
import { podFindings } from './pods';
import { podLabels, referenceFindings } from './references';
import { readYaml, YamlDocument } from './yamlFile';

const WORKLOADS = ['Deployment', 'StatefulSet', 'Rollout'];

/**
 * The deployment repository: pods are safe to run, names agree, and with each overlay every workload carries the required
 * labels. The labels are those kustomize would add, worked out here, since the portal has no kubectl.
 */
export function checkManifests(files: Files): Finding[] {
  const { documents } = readYaml(files);
  const workloads = documents.filter(document => WORKLOADS.includes(document.value?.kind));
  if (workloads.length === 0) return [{ file: 'gitops', line: 1, message: 'there is no workload' }];
  const kustomizations = documents.filter(document => document.value?.kind === 'Kustomization');
  return [
    ...workloads.flatMap(podFindings),
    ...referenceFindings(documents),
    ...kustomizations.flatMap(one => [...resourceFindings(one, files, kustomizations), ...namespaceFindings(one)]),
    ...labelFindings(workloads, kustomizations),
  ];
}

/** Every file and folder a kustomization lists exists; every YAML file beside it is listed. */
function resourceFindings(kustomization: YamlDocument, files: Files, all: readonly YamlDocument[]): Finding[] {
  const folder = path.dirname(kustomization.file);
  const listed = ((kustomization.value.resources ?? []) as string[]).map(name => path.join(folder, name));
  const findings = listed
    .map((target, index) => ({ target, index }))
    .filter(({ target }) => !files.has(target) && !all.some(one => path.dirname(one.file) === target))
    .map(({ target, index }) => ({
      file: kustomization.file,
      line: kustomization.lineOf(['resources', index]),
      message: `${target} does not exist`,
    }));
  const beside = [...files.keys()].filter(file => path.dirname(file) === folder && /\.ya?ml$/.test(file));
  for (const file of beside.filter(one => one !== kustomization.file && !listed.includes(one))) {
    findings.push({ file, line: 1, message: 'no kustomization lists this file, so it is never applied' });
  }
  return findings;
}

/** A generated config map without the namespace is another one than the pods refer to, and they never start. */
function namespaceFindings(kustomization: YamlDocument): Finding[] {
  const { namespace, configMapGenerator, secretGenerator } = kustomization.value;
  if (namespace || (!configMapGenerator && !secretGenerator)) return [];
  return [{ file: kustomization.file, line: 1, message: 'it generates config maps or secrets, but names no namespace' }];
}

/** With each overlay (a kustomization that no other one uses), every workload has all required labels on its pods. */
function labelFindings(workloads: readonly YamlDocument[], kustomizations: readonly YamlDocument[]): Finding[] {
  const parents = (one: YamlDocument) =>
    kustomizations.filter(other => (one.value.resources ?? []).some((name: string) => path.join(path.dirname(one.file), name) === path.dirname(other.file)));
  const used = new Set(kustomizations.flatMap(parents));
  const overlays = kustomizations.filter(one => !used.has(one));
  if (overlays.length === 0) return [{ file: workloads[0].file, line: 1, message: 'there is no overlay' }];
  return overlays.flatMap(overlay => {
    const chain = [overlay, ...parents(overlay)];
    const added = chain.flatMap(one => (one.value.labels ?? []) as any[]).filter(one => one.includeTemplates);
    const names = added.flatMap(one => Object.keys(one.pairs ?? {}));
    return workloads.flatMap(workload =>
      REQUIRED_LABELS.filter(label => !names.includes(label) && !(label in podLabels(workload))).map(label => ({
        file: overlay.file,
        line: overlay.lineOf(['labels']),
        message: `pods of ${workload.value.metadata?.name} lack the required label ${label}`,
      })),
    );
  });
}
