// Who is on call, from a rota written as text on a group. Pure.

const weekMs = 7 * 86_400_000;
/** Hand-over is Monday 09:00 UTC, when both people are awake. */
const handOverHour = 9;
const rotaPattern = /^weekly from (\d{4}-\d{2}-\d{2}): (.+)$/;
const personPattern = /^user:[a-z0-9-]+\/[a-z0-9][a-z0-9._-]*$/;

export interface Rota {
  /** Unix ms of the first hand-over. */
  startsAt: number;
  /** References of the people, in order of their weeks. */
  people: string[];
}

/**
 * @param text e.g. `weekly from 2026-01-05: user:default/lea, user:default/tomas`
 * @throws Error in words when the text is no rota
 */
export function parseRota(text: string): Rota {
  const match = rotaPattern.exec(text.trim());
  if (!match) throw new Error('a rota reads "weekly from <date>: <user>, <user>"');
  const startsAt = Date.parse(`${match[1]}T${String(handOverHour).padStart(2, '0')}:00:00Z`);
  if (Number.isNaN(startsAt) || new Date(startsAt).toISOString().slice(0, 10) !== match[1]) {
    throw new Error(`${match[1]} is no date`);
  }
  const people = match[2].split(',').map(one => one.trim());
  const wrong = people.find(one => !personPattern.test(one));
  if (wrong !== undefined) throw new Error(`"${wrong}" is no user reference like user:default/lea`);
  return { startsAt, people };
}

/** @returns the person of the week of `now` and the end of that week (unix ms); undefined before the rota starts */
export function onCallAt(rota: Rota, now: number): { ref: string; until: number } | undefined {
  if (now < rota.startsAt) return undefined;
  const week = Math.floor((now - rota.startsAt) / weekMs);
  return {
    ref: rota.people[week % rota.people.length],
    until: rota.startsAt + (week + 1) * weekMs,
  };
}
