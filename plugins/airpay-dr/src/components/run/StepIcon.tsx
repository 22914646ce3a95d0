import type { RunStep } from '@airpay/plugin-airpay-dr-common';
import DoneIcon from '@mui/icons-material/CheckCircleOutlined';
import PendingIcon from '@mui/icons-material/RadioButtonUncheckedOutlined';
import RunningIcon from '@mui/icons-material/PlayCircleOutlined';
import FailedIcon from '@mui/icons-material/ReportOutlined';
import SkippedIcon from '@mui/icons-material/RedoOutlined';
import Box from '@mui/material/Box';
import { stepStateWord } from '../../domain/runWords';

const looks = {
  pending: { Icon: PendingIcon, color: 'text.secondary' },
  running: { Icon: RunningIcon, color: 'info.main' },
  succeeded: { Icon: DoneIcon, color: 'success.main' },
  failed: { Icon: FailedIcon, color: 'error.main' },
  skipped: { Icon: SkippedIcon, color: 'warning.main' },
} as const;

/** Icon and word of a step's state. */
export const StepState = ({ state }: { state: RunStep['state'] }) => {
  const { Icon, color } = looks[state];
  return (
    <Box component="span" sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.75, color, fontWeight: 600, whiteSpace: 'nowrap' }}>
      <Icon aria-hidden sx={{ fontSize: 20 }} />
      <span>{stepStateWord[state]}</span>
    </Box>
  );
};
