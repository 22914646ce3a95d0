import type { Run } from '@airpay/plugin-airpay-dr-common';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Divider from '@mui/material/Divider';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { isOpen, steeredStep, steeringLabel, upcomingStep, type Steering } from '../../domain/runWords';
import { mayNotExecuteReason, useMayExecute } from '../../hooks/useMayExecute';
import { Section } from '../shared/Frame';
import { StatusMark } from '../shared/StatusMark';
import { SteerDialog } from './SteerDialog';

/** What a person has to do now, and the buttons to steer the run with. */
export const NextForYou = ({ run, onSteered }: { run: Run; onSteered: (run: Run) => void }) => {
  const [action, setAction] = useState<Steering>();
  const mayExecute = useMayExecute();
  const step = steeredStep(run);
  const upcoming = upcomingStep(run);
  if (!isOpen(run)) return null;

  return (
    <Section title="Next for you" sx={run.nextForYou ? { borderColor: 'error.main', borderWidth: 2 } : undefined}>
      {run.nextForYou ? (
        <Box role="alert">
          <StatusMark status="act">The run waits for you</StatusMark>
          <Typography sx={{ mt: 0.5, overflowWrap: 'anywhere' }}>{run.nextForYou}</Typography>
        </Box>
      ) : (
        <Typography>
          {`Nothing. ${upcoming ? `Then, by itself: ${upcoming.title}.` : 'The last step is running.'}`}
        </Typography>
      )}
      {run.actions.length > 0 && step && (
        <>
          <Divider sx={{ my: 1.5 }} />
          <Box sx={{ display: 'flex', flexDirection: 'column', gap: 1, alignItems: 'stretch' }}>
            {run.actions.map(one => (
              <Button
                key={one}
                variant={one === 'retry' ? 'contained' : 'outlined'}
                color={one === 'retry' ? 'primary' : 'error'}
                disabled={mayExecute !== true}
                onClick={() => setAction(one)}
                sx={one === 'abort' ? { mt: 1 } : undefined}
              >
                {steeringLabel(one, step)}
              </Button>
            ))}
          </Box>
          {mayExecute === false && (
            <Typography variant="body2" color="text.secondary" sx={{ mt: 1 }}>
              {mayNotExecuteReason}
            </Typography>
          )}
        </>
      )}
      {action && step && (
        <SteerDialog
          action={action}
          run={run}
          step={step}
          onClose={() => setAction(undefined)}
          onSteered={answer => {
            setAction(undefined);
            onSteered(answer);
          }}
        />
      )}
    </Section>
  );
};
