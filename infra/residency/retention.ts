/** Compares infra/retention.yaml with the lines that keep the promise. Pure: texts in, sentences out. */

export interface Place {
  file: string;
  /** Regular expression of what stands before the figure. */
  before: string;
  unit: 'days' | 'seconds';
  /** Which of several; the only one when not told. */
  nth?: number;
}

export interface Kept {
  what: string;
  why: string;
  days: number;
  atLeast?: number;
  atMost?: number;
  locked?: boolean;
  places: Place[];
}

/** A place's figure and where it ends in the text. */
export function figureAt(text: string, { before, nth = 1 }: Place): { value: number; end: number; count: number } | undefined {
  const found = [...text.matchAll(new RegExp(`${before}(\\d+)`, 'g'))];
  const match = found[nth - 1];
  return match && { value: Number(match[1]), end: match.index + match[0].length, count: found.length };
}

/** Names under which Terraform keeps or deletes by time; a figure after one of them must be somebody's promise. */
const timed = /\b(?:retention_period|retention_duration_seconds|retention_days|max_retention_days|retained_backups|transaction_log_retention_days|message_retention_duration|version_destroy_ttl|days_since_noncurrent_time|days_since_custom_time|age|\w*_retention_days)\b *(?:=|\+) *(?:optional\(number, )?"?(\d+)/g;

/** Everything that is not as promised. `read` gives a file's text, undefined when there is none. */
export function retentionProblems(kept: readonly Kept[], read: (file: string) => string | undefined, terraformFiles: readonly string[]): string[] {
  const problems: string[] = [];
  const claimed = new Map<string, Set<number>>();
  for (const { what, why, days, atLeast, atMost, places } of kept) {
    if (!why || places.length === 0) problems.push(`${what}: a retention has a reason and a place`);
    if (atLeast !== undefined && days < atLeast) problems.push(`${what}: ${days} days, and its reason asks for ${atLeast} at least`);
    if (atMost !== undefined && days > atMost) problems.push(`${what}: ${days} days, and its reason allows ${atMost} at most`);
    for (const place of places) {
      const text = read(place.file);
      const found = text === undefined ? undefined : figureAt(text, place);
      if (!found) {
        problems.push(`${what}: nothing in ${place.file} matches ${place.before}`);
        continue;
      }
      if (place.nth === undefined && found.count > 1) problems.push(`${what}: ${found.count} lines of ${place.file} match ${place.before}; say which (nth)`);
      const value = place.unit === 'seconds' ? found.value / 86_400 : found.value;
      if (value !== days) problems.push(`${what}: ${days} days are promised, ${place.file} says ${value}`);
      (claimed.get(place.file) ?? claimed.set(place.file, new Set()).get(place.file)!).add(found.end);
    }
  }
  for (const file of terraformFiles) {
    for (const match of (read(file) ?? '').matchAll(timed)) {
      if (!claimed.get(file)?.has(match.index + match[0].length)) problems.push(`${file}: "${match[0].trim()}" is in no retention of infra/retention.yaml`);
    }
  }
  return problems;
}

/** A lock that Terraform does not close is none: every locked retention's bucket has is_locked = true. */
export function lockProblems(archive: any): string[] {
  return Object.entries<any>(archive.resource?.google_storage_bucket ?? {}).flatMap(([name, bodies]) => bodies.flatMap((bucket: any) => {
    const policy = bucket.retention_policy?.[0];
    if (!policy) return [];
    return [
      ...(policy.is_locked === true ? [] : [`bucket ${name}: its retention is not locked`]),
      ...(bucket.force_destroy === false ? [] : [`bucket ${name}: force_destroy is not false`]),
    ];
  }));
}
