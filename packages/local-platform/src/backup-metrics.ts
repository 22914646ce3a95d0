/** Joins what airpay-backup wrote for each member into one answer, as Prometheus would get it from a node exporter per machine. */

/** Each sample gets its member as `instance`; what is said about a metric is said once. */
export function joinMetrics(files: readonly { instance: string; text: string }[]): string {
  const comments = new Map<string, string[]>();
  const samples = new Map<string, string[]>();
  for (const { instance, text } of files) {
    for (const line of text.split('\n').filter(Boolean)) {
      const comment = /^# (?:HELP|TYPE) (\S+)/.exec(line);
      const sample = /^([a-z_]+)\{/.exec(line);
      const name = comment?.[1] ?? sample?.[1];
      if (name === undefined) throw new Error(`${instance}: not a line of metrics: ${line.slice(0, 100)}`);
      const known = comments.get(name) ?? comments.set(name, []).get(name)!;
      if (comment && !known.includes(line)) known.push(line);
      if (sample) (samples.get(name) ?? samples.set(name, []).get(name)!).push(line.replace('{', `{instance="${instance}",`));
    }
  }
  return [...comments].flatMap(([name, about]) => [...about, ...(samples.get(name) ?? [])]).map(line => `${line}\n`).join('');
}

/** What `make restore-test` found last. */
export interface RestoreTest {
  at: string;
  region: string;
  ok: boolean;
  backup: { label: string; type: string; finishedAt: string };
  /** From the start of the test: what would be lost if the region had been lost then. */
  recoveryPointSeconds: number;
  /** Of rows that the running region had at the start of the test; null when it was not running. */
  missingRows: number | null;
  rows: number;
  accounts: number;
  restoreMs: number;
  replayMs: number;
  totalMs: number;
  /** Debits less credits per currency, minor units; empty objects prove nothing. */
  differences: Record<string, string>;
  audit: { passed: number; failed: number };
  problems: string[];
}

/** The last restore test as metrics; nothing before there was one. */
export function restoreTestMetrics(test: RestoreTest | undefined): string {
  if (!test) return '';
  const gauge = (name: string, help: string, value: number) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}{region="${test.region}"} ${value}\n`;
  return gauge('restore_test_ok', '1 when the last restore test found everything as it must be.', test.ok ? 1 : 0)
    + gauge('restore_test_timestamp_seconds', 'When the last restore test began.', Date.parse(test.at) / 1000)
    + gauge('restore_test_recovery_point_seconds', 'How much the restored ledger lacked.', test.recoveryPointSeconds)
    + gauge('restore_test_duration_seconds', 'From nothing to a checked ledger.', test.totalMs / 1000);
}
