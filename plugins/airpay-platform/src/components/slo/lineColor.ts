import type { Theme } from '@mui/material/styles';
import { statusColor } from '../shared/StatusMark';
import type { LineColor } from './charts';

export function lineColor(theme: Theme, color: LineColor): string {
  if (color === 'primary') return theme.palette.primary.main;
  if (color === 'faint') return theme.palette.text.secondary;
  return statusColor(theme, color);
}
