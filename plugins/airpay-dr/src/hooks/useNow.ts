import { useSyncExternalStore } from 'react';
import { clockMs, subscribeClock } from '../adapters/clock';

/** Now, Unix milliseconds, renewed each second. Use it in small components only: each tick renders. */
export function useNow(): number {
  return useSyncExternalStore(subscribeClock, clockMs);
}
