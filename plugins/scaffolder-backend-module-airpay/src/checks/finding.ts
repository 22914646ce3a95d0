/** One thing wrong with what was rendered. */
export interface Finding {
  /** Path in the workspace, such as gitops/base/deployment.yaml. */
  file: string;
  /** From 1. */
  line: number;
  message: string;
}

/** Text of files by path. */
export type Files = ReadonlyMap<string, string>;

/** Labels that every workload and cloud resource carries. */
export const REQUIRED_LABELS = [
  'team',
  'product',
  'system',
  'component',
  'environment',
  'region',
  'cost-center',
  'data-class',
  'residency',
  'tier',
] as const;

/** The finding in the form editors understand: file:line message. */
export function inOneLine({ file, line, message }: Finding): string {
  return `${file}:${line} ${message}`;
}
