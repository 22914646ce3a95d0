import { useCallback, useEffect, useRef, useState } from 'react';
import { subscribeClock } from '../adapters/clock';

export interface Polled<T> {
  /** The last good answer; it stays while later ones fail. */
  data: T | undefined;
  /** Why the last attempt failed; undefined after a good one. */
  error: Error | undefined;
  loading: boolean;
  /** Browser time of the last good answer, Unix milliseconds. */
  loadedAtMs: number | undefined;
  intervalMs: number;
  retry: () => void;
}

interface State<T> {
  key: string;
  data?: T;
  error?: Error;
  loading: boolean;
  loadedAtMs?: number;
}

/**
 * Loads at once and again each `intervalMs`, one request at a time, on the page's one timer:
 * it rests while the page is hidden. A new `key` starts anew and drops the answer of the old one.
 *
 * @param load must give up when its signal is aborted
 */
export function usePolled<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  intervalMs: number,
): Polled<T> {
  const [state, setState] = useState<State<T>>({ key, loading: true });
  const loadRef = useRef(load);
  loadRef.current = load;
  const startRef = useRef<() => void>(() => {});

  useEffect(() => {
    let running: AbortController | undefined;
    let startedAtMs = -Infinity;
    setState(old => (old.key === key ? old : { key, loading: true }));

    const start = async () => {
      if (running) return;
      const mine = new AbortController();
      running = mine;
      startedAtMs = Date.now();
      setState(old => (old.loading ? old : { ...old, loading: true }));
      try {
        const data = await loadRef.current(mine.signal);
        if (!mine.signal.aborted) setState({ key, data, loading: false, loadedAtMs: Date.now() });
      } catch (reason) {
        const error = reason instanceof Error ? reason : new Error(String(reason));
        if (!mine.signal.aborted) setState(old => ({ ...old, error, loading: false }));
      } finally {
        if (running === mine) running = undefined;
      }
    };
    startRef.current = start;

    start();
    const unsubscribe = subscribeClock(() => {
      if (Date.now() - startedAtMs >= intervalMs) start();
    });
    return () => {
      unsubscribe();
      running?.abort();
    };
  }, [key, intervalMs]);

  const retry = useCallback(() => startRef.current(), []);
  // In the render before the effect runs, the state still belongs to the old key.
  const current = state.key === key ? state : { key, loading: true };
  return {
    data: current.data,
    error: current.error,
    loading: current.loading,
    loadedAtMs: current.loadedAtMs,
    intervalMs,
    retry,
  };
}
