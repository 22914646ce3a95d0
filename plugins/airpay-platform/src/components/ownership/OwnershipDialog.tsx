import Dialog from '@mui/material/Dialog';
import { QuickOwnership } from './QuickOwnership';

/** The ownership box over any page. */
export function OwnershipDialog(props: { onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={props.onClose}
      fullWidth
      maxWidth="sm"
      transitionDuration={120}
      PaperProps={{ 'aria-label': 'Find an owner', sx: { position: 'absolute', top: { xs: 0, sm: 48 } } }}
    >
      <QuickOwnership onDone={props.onClose} />
    </Dialog>
  );
}
