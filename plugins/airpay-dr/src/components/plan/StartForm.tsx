import type { Plan, Run, StartRun } from '@airpay/plugin-airpay-dr-common';
import { useApi } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useId, useState, type FormEvent } from 'react';
import { recoveryApiRef, RefusedError } from '../../adapters/api';
import { refusalText, whyNotStartable } from '../../domain/planWords';
import { useMayExecute } from '../../hooks/useMayExecute';
import { useNow } from '../../hooks/useNow';
import { Section } from '../shared/Frame';

interface Props {
  plan: Plan;
  /** Made once per opening of the page: a repeated click is the same run. */
  runId: string;
  acceptedHash: string;
  loadedAtMs: number;
  toTitle: string;
  onStarted: (run: Run) => void;
  onRefused: () => void;
}

/** Reason, typed confirmation, and the one button that starts; what is missing stands beside it in words. */
export const StartForm = ({ plan, runId, acceptedHash, loadedAtMs, toTitle, onStarted, onRefused }: Props) => {
  const api = useApi(recoveryApiRef);
  const allowed = useMayExecute();
  const now = useNow();
  const [reason, setReason] = useState('');
  const [confirmation, setConfirmation] = useState('');
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<string>();
  const whyId = useId();
  const why = whyNotStartable({ allowed, plan, acceptedHash, planAgeMs: now - loadedAtMs, confirmation, reason });

  const start = async (event: FormEvent) => {
    event.preventDefault();
    if (why.length > 0 || sending) return;
    setSending(true);
    setFailure(undefined);
    const { plan: name, system, to } = plan;
    const request: StartRun = { id: runId, plan: name, system, to, planHash: acceptedHash, confirmation: confirmation.trim(), reason: reason.trim() };
    try {
      onStarted(await api.start(request));
    } catch (error) {
      setSending(false);
      if (error instanceof RefusedError) {
        setFailure(refusalText(error.refusal));
        onRefused();
      } else {
        setFailure(`The answer did not arrive: ${(error as Error).message}. Starting again is safe: it is the same run.`);
      }
    }
  };

  return (
    <Section title="Start" sx={{ borderColor: 'error.main' }}>
      <Box component="form" onSubmit={start} sx={{ display: 'grid', gap: 2 }}>
        <TextField
          label="Reason"
          helperText="Kept with the run"
          value={reason}
          onChange={event => setReason(event.target.value)}
          inputProps={{ maxLength: 500 }}
          disabled={allowed !== true}
          multiline
          size="small"
        />
        <TextField
          label={`Type “${plan.confirmation}”`}
          value={confirmation}
          onChange={event => setConfirmation(event.target.value)}
          inputProps={{ maxLength: 200, autoComplete: 'off', spellCheck: false }}
          disabled={allowed !== true}
          size="small"
        />
        {failure && (
          <Alert severity="error" variant="outlined">
            {failure}
          </Alert>
        )}
        <Button type="submit" variant="contained" color="error" disabled={why.length > 0 || sending} aria-describedby={whyId}>
          {sending ? 'Starting…' : `Start: switch ${plan.system} to ${toTitle}`}
        </Button>
        <Box id={whyId}>
          {why.length > 0 && (
            <>
              <Typography variant="body2" fontWeight={600}>
                Cannot be started yet
              </Typography>
              <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
                {why.map(text => (
                  <Typography component="li" variant="body2" key={text}>
                    {text}
                  </Typography>
                ))}
              </Box>
            </>
          )}
        </Box>
      </Box>
    </Section>
  );
};
