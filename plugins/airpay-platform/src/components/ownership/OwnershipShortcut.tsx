import { lazy, Suspense, useEffect, useState } from 'react';

const load = () => import('./OwnershipDialog').then(module => ({ default: module.OwnershipDialog }));
const OwnershipDialog = lazy(load);

/** The dialog is fetched when the first page has settled, so that no keystroke is lost to loading. */
const preloadAfterMs = 2_000;

/** ⌘K or Ctrl-K anywhere opens the ownership box; Escape or the same keys close it. */
export function OwnershipShortcut() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const wanted = (event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey;
      if (!wanted || event.key.toLocaleLowerCase('en-US') !== 'k') return;
      event.preventDefault();
      setOpen(current => !current);
    };
    // A failed preload is tried again when the keys are pressed.
    const preload = setTimeout(() => load().catch(() => {}), preloadAfterMs);
    window.addEventListener('keydown', onKey);
    return () => {
      clearTimeout(preload);
      window.removeEventListener('keydown', onKey);
    };
  }, []);
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <OwnershipDialog onClose={() => setOpen(false)} />
    </Suspense>
  );
}
