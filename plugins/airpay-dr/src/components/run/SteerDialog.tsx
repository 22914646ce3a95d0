import type { Run, RunStep } from '@airpay/plugin-airpay-dr-common';
import { useApi } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogContentText from '@mui/material/DialogContentText';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import { useId, useState, type FormEvent } from 'react';
import { recoveryApiRef, RefusedError } from '../../adapters/api';
import { refusalText } from '../../domain/planWords';
import { steeringEffect, steeringLabel, type Steering } from '../../domain/runWords';

interface Props {
  action: Steering;
  run: Run;
  step: RunStep;
  onClose: () => void;
  onSteered: (run: Run) => void;
}

/** Says what will happen, asks why, and does it. */
export const SteerDialog = ({ action, run, step, onClose, onSteered }: Props) => {
  const api = useApi(recoveryApiRef);
  const [reason, setReason] = useState('');
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<string>();
  const titleId = useId();
  const effectId = useId();
  const label = steeringLabel(action, step);
  const missing = reason.trim().length < 3;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (missing || sending) return;
    setSending(true);
    setFailure(undefined);
    try {
      onSteered(await api.steer(run.id, action, { stepId: step.id, reason: reason.trim() }));
    } catch (error) {
      setFailure(
        error instanceof RefusedError
          ? refusalText(error.refusal)
          : `The answer did not arrive: ${(error as Error).message}. Sending it again is safe.`,
      );
      setSending(false);
    }
  };

  return (
    <Dialog open onClose={sending ? undefined : onClose} aria-labelledby={titleId} aria-describedby={effectId} fullWidth maxWidth="sm">
      <form onSubmit={submit}>
        <DialogTitle id={titleId}>{label}</DialogTitle>
        <DialogContent>
          <DialogContentText id={effectId} sx={{ mb: 2, color: 'text.primary' }}>
            {steeringEffect(action, run, step)}
          </DialogContentText>
          <TextField
            label="Reason"
            helperText="Kept in the journal of the run, 3 to 500 characters"
            value={reason}
            onChange={event => setReason(event.target.value)}
            inputProps={{ maxLength: 500 }}
            autoFocus
            fullWidth
            required
            multiline
            minRows={2}
          />
          {failure && (
            <Alert severity="error" variant="outlined" sx={{ mt: 2 }}>
              {failure}
            </Alert>
          )}
        </DialogContent>
        <DialogActions sx={{ px: 3, pb: 2 }}>
          <Button onClick={onClose} disabled={sending}>
            Back
          </Button>
          <Button type="submit" variant="contained" color={action === 'retry' ? 'primary' : 'error'} disabled={missing || sending}>
            {sending ? 'Sending…' : label}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};
