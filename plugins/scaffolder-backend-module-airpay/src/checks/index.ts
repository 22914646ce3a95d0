import { Files, Finding, inOneLine } from './finding';
import { checkInfra } from './infra';
import { checkManifests } from './manifests';
import { checkService } from './service';
import { checkSyntax } from './syntax';

/** Everything that can be checked of a rendered service without kubectl; lines of "file:line message". */
export function checkRendered(parts: { service: Files; infra: Files; gitops: Files }): string[] {
  const all = ([['service', parts.service], ['infra', parts.infra], ['gitops', parts.gitops]] as const).map(
    ([folder, files]) => [folder, new Map([...files].map(([file, text]) => [`${folder}/${file}`, text]))] as const,
  );
  const syntax = all.flatMap(([, files]) => checkSyntax(files));
  // What does not parse cannot be judged any further.
  if (syntax.length > 0) return sorted(syntax);
  const [[, service], [, infra], [, gitops]] = all;
  return sorted([...checkService(service, 'service'), ...checkInfra(infra, 'infra'), ...checkManifests(gitops)]);
}

function sorted(findings: Finding[]): string[] {
  return findings.sort((a, b) => a.file.localeCompare(b.file, 'en-US') || a.line - b.line).map(inOneLine);
}
