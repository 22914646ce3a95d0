import type { Run } from '@airpay/plugin-airpay-dr-common';
import DoneIcon from '@mui/icons-material/CheckCircleOutlined';
import AbortedIcon from '@mui/icons-material/CancelOutlined';
import RunningIcon from '@mui/icons-material/PlayCircleOutlined';
import NeedsYouIcon from '@mui/icons-material/ReportOutlined';
import Box from '@mui/material/Box';
import { runStateWord } from '../../domain/runWords';

const looks = {
  running: { Icon: RunningIcon, color: 'info.main' },
  needsHuman: { Icon: NeedsYouIcon, color: 'error.main' },
  succeeded: { Icon: DoneIcon, color: 'success.main' },
  aborted: { Icon: AbortedIcon, color: 'warning.main' },
} as const;

/** Icon and word of a run's state. */
export const RunState = ({ state }: { state: Run['state'] }) => {
  const { Icon, color } = looks[state];
  return (
    <Box component="span" sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.5, color, fontWeight: 600, whiteSpace: 'nowrap', verticalAlign: 'bottom' }}>
      <Icon aria-hidden sx={{ fontSize: '1.25em' }} />
      <span>{runStateWord[state]}</span>
    </Box>
  );
};
