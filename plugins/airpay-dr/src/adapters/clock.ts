// The page's one timer. It ticks each second while somebody listens and the page is seen.

const tickMs = 1000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let current = Date.now();

function tick() {
  current = Date.now();
  for (const listener of [...listeners]) listener();
}

function update() {
  const wanted = listeners.size > 0 && document.visibilityState !== 'hidden';
  if (wanted && timer === undefined) {
    timer = setInterval(tick, tickMs);
    // What fell due while the page was hidden is done at once, not a second later.
    queueMicrotask(tick);
  } else if (!wanted && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

/** Calls back each second while the page is seen; returns the way to stop. */
export function subscribeClock(listener: () => void): () => void {
  if (listeners.size === 0) {
    current = Date.now();
    document.addEventListener('visibilitychange', update);
  }
  listeners.add(listener);
  update();
  return () => {
    listeners.delete(listener);
    update();
    if (listeners.size === 0) document.removeEventListener('visibilitychange', update);
  };
}

/** Time of the last tick, Unix milliseconds; equal between ticks, so that React sees one value. */
export function clockMs(): number {
  return current;
}
