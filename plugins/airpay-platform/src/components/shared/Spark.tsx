import type { Status } from '@airpay/plugin-airpay-platform-common';
import { useTheme } from '@mui/material/styles';
import { sparkPath } from '../../domain/chart';
import { statusColor } from './StatusMark';

/** A small line of budget left over the window; gaps stay open. `label` is its accessible name. */
export function Spark(props: {
  values: readonly (number | null)[];
  status: Status;
  label: string;
  width?: number;
  height?: number;
}) {
  const theme = useTheme();
  const { width = 96, height = 24 } = props;
  const path = sparkPath(props.values, width - 4, height - 4);
  return (
    <svg role="img" aria-label={props.label} width={width} height={height} style={{ display: 'block' }}>
      <line
        x1={2}
        x2={width - 2}
        y1={height - 2}
        y2={height - 2}
        stroke={theme.palette.divider}
        strokeWidth={1}
      />
      {path && (
        <path
          d={path}
          transform="translate(2 2)"
          fill="none"
          stroke={statusColor(theme, props.status)}
          strokeWidth={1.5}
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      )}
    </svg>
  );
}
