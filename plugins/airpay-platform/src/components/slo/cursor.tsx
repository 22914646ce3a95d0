import { createContext, useCallback, useContext, useMemo, useRef, useSyncExternalStore, type ReactNode } from 'react';

// One cursor for several charts: the time under the pointer, shared without rendering the charts themselves.

interface Cursor {
  subscribe: (listener: () => void) => () => void;
  get: () => number | null;
  set: (atMs: number | null) => void;
}

const nowhere: Cursor = { subscribe: () => () => {}, get: () => null, set: () => {} };
const CursorContext = createContext<Cursor>(nowhere);

export function CursorProvider(props: { children: ReactNode }) {
  const atRef = useRef<number | null>(null);
  const cursor = useMemo<Cursor>(() => {
    const listeners = new Set<() => void>();
    return {
      subscribe: listener => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      get: () => atRef.current,
      set: atMs => {
        atRef.current = atMs;
        listeners.forEach(listener => listener());
      },
    };
  }, []);
  return <CursorContext.Provider value={cursor}>{props.children}</CursorContext.Provider>;
}

/** Time under the pointer, Unix milliseconds, or null. */
export function useCursor(): number | null {
  const cursor = useContext(CursorContext);
  return useSyncExternalStore(cursor.subscribe, cursor.get);
}

export function useSetCursor(): (atMs: number | null) => void {
  const cursor = useContext(CursorContext);
  return useCallback(atMs => cursor.set(atMs), [cursor]);
}
