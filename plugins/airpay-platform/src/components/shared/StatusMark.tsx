import type { Status } from '@airpay/plugin-airpay-platform-common';
import CheckCircleIcon from '@mui/icons-material/CheckCircle';
import ErrorIcon from '@mui/icons-material/Error';
import HelpIcon from '@mui/icons-material/HelpOutline';
import WarningIcon from '@mui/icons-material/WarningAmberRounded';
import Box from '@mui/material/Box';
import { useTheme, type Theme } from '@mui/material/styles';
import { statusWord } from '../../domain/words';

const icons = { ok: CheckCircleIcon, watch: WarningIcon, act: ErrorIcon, unknown: HelpIcon };

/** Colour of a state for icons, bars and lines; text stays in the text colour. */
export function statusColor(theme: Theme, status: Status): string {
  const { palette } = theme;
  const colors: Record<Status, string> = {
    ok: palette.success.main,
    watch: palette.warning.main,
    act: palette.error.main,
    unknown: palette.text.secondary,
  };
  return colors[status];
}

export function StatusIcon(props: { status: Status; size?: number }) {
  const theme = useTheme();
  const Icon = icons[props.status];
  return (
    <Icon
      aria-hidden
      sx={{ fontSize: props.size ?? 18, color: statusColor(theme, props.status), flexShrink: 0 }}
    />
  );
}

/** Icon and word: a state is never told by colour alone. */
export function StatusMark(props: { status: Status; word?: string }) {
  return (
    <Box component="span" sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.75, whiteSpace: 'nowrap' }}>
      <StatusIcon status={props.status} />
      <span>{props.word ?? statusWord[props.status]}</span>
    </Box>
  );
}
