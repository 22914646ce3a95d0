/** How long no payment was acknowledged: the write gap callers felt. Pure. */

export type Gap = {
  longestGapMs: number;
  gapStartedAtMs: number;
  gapEndedAtMs: number;
  acknowledgedCount: number;
};

/**
 * The longest stretch inside [fromMs, toMs] without an acknowledgement. The ends of the window
 * bound it: a window without any acknowledgement is one gap from end to end.
 * @param timesMs acknowledgement times in ascending order; those outside the window are ignored
 * @throws RangeError when the window is empty or the times are not in order
 */
export function longestGap(timesMs: number[], fromMs: number, toMs: number): Gap {
  if (!(fromMs <= toMs)) throw new RangeError('the window ends before it starts');
  let gapStartedAtMs = fromMs;
  let gapEndedAtMs = fromMs;
  let previousMs = fromMs;
  let beforeMs = Number.NEGATIVE_INFINITY;
  let acknowledgedCount = 0;
  const step = (atMs: number) => {
    if (atMs - previousMs > gapEndedAtMs - gapStartedAtMs) {
      gapStartedAtMs = previousMs;
      gapEndedAtMs = atMs;
    }
    previousMs = atMs;
  };
  for (const atMs of timesMs) {
    if (atMs < beforeMs) throw new RangeError('acknowledgement times are not in order');
    beforeMs = atMs;
    if (atMs < fromMs || atMs > toMs) continue;
    acknowledgedCount += 1;
    step(atMs);
  }
  step(toMs);
  return { longestGapMs: gapEndedAtMs - gapStartedAtMs, gapStartedAtMs, gapEndedAtMs, acknowledgedCount };
}

/** Index of the first element not below `atMs` in a list ordered by `at`. */
export function firstNotBefore<T>(items: T[], atMs: number, at: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(items[middle]!) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
