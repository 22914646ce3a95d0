import type { Status } from '@airpay/plugin-airpay-dr-common';
import CheckIcon from '@mui/icons-material/CheckCircleOutlined';
import WatchIcon from '@mui/icons-material/ErrorOutline';
import UnknownIcon from '@mui/icons-material/HelpOutline';
import ActIcon from '@mui/icons-material/ReportOutlined';
import Box from '@mui/material/Box';
import type { ReactNode } from 'react';
import { statusWord } from '../../domain/systemWords';

const looks = {
  ok: { Icon: CheckIcon, color: 'success.main' },
  watch: { Icon: WatchIcon, color: 'warning.main' },
  act: { Icon: ActIcon, color: 'error.main' },
  unknown: { Icon: UnknownIcon, color: 'text.secondary' },
} as const;

/** Icon, word and colour together; never colour alone. `children` takes the place of the status's own word. */
export const StatusMark = ({ status, children }: { status: Status; children?: ReactNode }) => {
  const { Icon, color } = looks[status];
  return (
    <Box component="span" sx={{ display: 'inline-flex', alignItems: 'flex-start', gap: 0.5, color, fontWeight: 600, verticalAlign: 'bottom' }}>
      <Icon fontSize="inherit" aria-hidden sx={{ flexShrink: 0, fontSize: '1.15em', mt: '0.17em' }} />
      <span>{children ?? statusWord[status]}</span>
    </Box>
  );
};

/** The icon alone, for a line whose words say the same; the status is read out. */
export const StatusIcon = ({ status }: { status: Status }) => {
  const { Icon, color } = looks[status];
  return (
    <Icon
      role="img"
      aria-label={statusWord[status]}
      aria-hidden={false}
      sx={{ color, fontSize: '1.15em', flexShrink: 0, mt: '0.18em', verticalAlign: 'text-top' }}
    />
  );
};
