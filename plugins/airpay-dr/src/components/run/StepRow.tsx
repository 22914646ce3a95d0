import type { RunStep } from '@airpay/plugin-airpay-dr-common';
import ExpandIcon from '@mui/icons-material/ExpandMore';
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import Collapse from '@mui/material/Collapse';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { durationMsText } from '../../domain/format';
import { liveDetail, stepMs } from '../../domain/runWords';
import { useNow } from '../../hooks/useNow';
import { StepDetail } from './StepDetail';
import { StepState } from './StepIcon';

interface Props {
  step: RunStep;
  number: number;
  /** Server time of the answer, ISO. */
  answeredAt: string;
  loadedAtMs: number;
}

/** One step: state, title, what it sees right now, how long; unfolds to everything that is known of it. */
export const StepRow = ({ step, number, answeredAt, loadedAtMs }: Props) => {
  // Until somebody touches it, a step that needs attention is open and every other one is closed.
  const [choice, setChoice] = useState<boolean>();
  const open = choice ?? step.state === 'failed';
  const id = useId();
  const active = step.state === 'running' || step.state === 'failed';

  return (
    <Box component="li" sx={{ borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}>
      <ButtonBase
        onClick={() => setChoice(!open)}
        aria-expanded={open}
        aria-controls={id}
        sx={{
          width: '100%',
          textAlign: 'left',
          py: 1,
          px: 1,
          borderRadius: 1,
          display: 'grid',
          gap: { xs: 0.25, sm: 1.5 },
          alignItems: 'start',
          gridTemplateColumns: { xs: 'minmax(0,1fr) auto auto', sm: '104px minmax(0,1fr) auto auto' },
          bgcolor: active ? 'action.hover' : undefined,
          '&:hover': { bgcolor: 'action.hover' },
        }}
      >
        <StepState state={step.state} />
        <Box sx={{ minWidth: 0, gridColumn: { xs: '1 / -1', sm: 'auto' }, gridRow: { xs: 2, sm: 'auto' } }}>
          <Typography component="span" sx={{ display: 'block', fontWeight: 600 }}>
            {`${number}. ${step.title}`}
          </Typography>
          <Typography
            component="span"
            variant="body2"
            color={step.state === 'failed' ? 'error.main' : 'text.secondary'}
            sx={{ display: 'block', overflowWrap: 'anywhere' }}
          >
            {liveDetail(step)}
          </Typography>
        </Box>
        <StepTime step={step} answeredAt={answeredAt} loadedAtMs={loadedAtMs} />
        <ExpandIcon aria-hidden fontSize="small" sx={{ transform: open ? 'rotate(180deg)' : 'none', color: 'text.secondary' }} />
      </ButtonBase>
      <Collapse in={open} unmountOnExit id={id}>
        <StepDetail step={step} />
      </Collapse>
    </Box>
  );
};

const StepTime = ({ step, answeredAt, loadedAtMs }: Omit<Props, 'number'>) => {
  const now = useNow();
  const ms = stepMs(step, { at: answeredAt }, now - loadedAtMs);
  return (
    <Typography component="span" variant="body2" sx={{ whiteSpace: 'nowrap', textAlign: 'right', minWidth: 56 }}>
      {ms === null ? '' : durationMsText(ms)}
    </Typography>
  );
};
