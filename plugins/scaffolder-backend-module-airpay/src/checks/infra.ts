import { Files, Finding } from './finding';
import { readYaml } from './yamlFile';

/** What the server lets into a repository of infrastructure; it refuses everything beside these (infra/gitops, service.sh). */
const KNOWN = ['.airpay/task.json', '.github/CODEOWNERS', '.gitignore', 'README.md', 'atlantis.yaml', 'service.tfvars'];
const VALUES = ['team', 'cost_center', 'tier'];
/** Environments of the projects, each with the workflow that plans it. */
const WORKFLOWS: Readonly<Record<string, string>> = { dev: 'service-dev', production: 'service-prod' };

/** The infrastructure repository says three values and where the service is, in the form that the server takes, and brings no code. */
export function checkInfra(files: Files, folder: string): Finding[] {
  const strange = [...files.keys()]
    .filter(file => !KNOWN.includes(file.slice(folder.length + 1)))
    .map(file => ({ file, line: 1, message: 'the server takes no such file: what runs is the platform\'s own' }));
  return [...strange, ...valueFindings(files, `${folder}/service.tfvars`), ...projectFindings(files, `${folder}/atlantis.yaml`)];
}

function valueFindings(files: Files, file: string): Finding[] {
  const text = files.get(file);
  if (text === undefined) return [{ file, line: 1, message: 'there are no values' }];
  const findings: Finding[] = [];
  const found: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const name = /^(\w+) *= *"[a-z0-9-]+"$/.exec(line)?.[1];
    if (name && VALUES.includes(name) && !found.includes(name)) found.push(name);
    else findings.push({ file, line: index + 1, message: `a line is ${VALUES.join(', ')}, = and lower-case letters, digits and hyphens in quotes, each once` });
  }
  return [...findings, ...VALUES.filter(name => !found.includes(name)).map(name => ({ file, line: 1, message: `value ${name} is missing` }))];
}

function projectFindings(files: Files, file: string): Finding[] {
  const document = readYaml(files).documents.find(one => one.file === file);
  const projects: any[] = document?.value?.projects ?? [];
  if (!document || projects.length === 0) return [{ file, line: 1, message: 'nothing is planned' }];
  const seen: string[] = [];
  return projects.flatMap((project, index) => {
    const [, environment] = /^(dev|production)-region-[a-z]$/.exec(project?.name) ?? [];
    const faults = [
      ...(environment && !seen.includes(project.name) ? [] : [`project ${project?.name} is not <dev or production>-region-<letter>, once`]),
      ...(environment && project.workflow !== WORKFLOWS[environment] ? [`${project.name} is planned by ${WORKFLOWS[environment]}`] : []),
      ...(project?.dir === '.' ? [] : ['a service is planned at the top of its repository']),
    ];
    seen.push(project?.name);
    return faults.map(message => ({ file, line: document.lineOf(['projects', index]), message }));
  });
}
