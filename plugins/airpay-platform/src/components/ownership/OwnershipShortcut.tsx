import Dialog from '@mui/material/Dialog';
import { lazy, Suspense, useEffect, useState } from 'react';

const QuickOwnership = lazy(() =>
  import('./QuickOwnership').then(module => ({ default: module.QuickOwnership })),
);

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
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Dialog
      open={open}
      onClose={() => setOpen(false)}
      fullWidth
      maxWidth="sm"
      aria-label="Find an owner"
      sx={{ '& .MuiDialog-container, & .v5-MuiDialog-container': { alignItems: 'flex-start' } }}
    >
      <Suspense fallback={null}>
        <QuickOwnership onDone={() => setOpen(false)} />
      </Suspense>
    </Dialog>
  );
}
