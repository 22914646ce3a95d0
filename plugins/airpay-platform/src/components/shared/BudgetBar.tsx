import type { Status } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import { budgetText } from '../../domain/format';
import { statusColor } from './StatusMark';

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** Share of the budget left as a bar. Without data it is hatched and empty, overspent it is full of the colour of action. */
export function BudgetBar(props: { left: number | null; status: Status; label: string; height?: number }) {
  const { left, status } = props;
  // Overspent fills the bar: an empty one reads as nothing to see.
  const share = left !== null && left < 0 ? 1 : left;
  const width = clamp(share ?? 0);
  return (
    <Box
      role="meter"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={left === null ? 0 : Math.round(clamp(left) * 100)}
      aria-valuetext={left !== null && left < 0 ? `${budgetText(left)}, overspent` : budgetText(left)}
      sx={theme => ({
        position: 'relative',
        flex: '1 1 auto',
        minWidth: 48,
        height: props.height ?? 8,
        borderRadius: 1,
        overflow: 'hidden',
        bgcolor: theme.palette.action.selected,
        backgroundImage:
          left === null
            ? `repeating-linear-gradient(135deg, transparent 0 4px, ${theme.palette.action.disabled} 4px 5px)`
            : 'none',
        '&::after': {
          content: '""',
          position: 'absolute',
          insetBlock: 0,
          left: 0,
          width: `${width * 100}%`,
          minWidth: left === null || left === 0 ? 0 : 2,
          bgcolor: statusColor(theme, status),
          opacity: left !== null && left < 0 ? 0.45 : 1,
          transition: 'width 300ms',
          '@media (prefers-reduced-motion: reduce)': { transition: 'none' },
        },
      })}
    />
  );
}
