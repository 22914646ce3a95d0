import type { Measured } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Tooltip from '@mui/material/Tooltip';
import type { ReactNode } from 'react';
import { absoluteText } from '../../domain/format';

/** Digits of one width, so that columns line up and live numbers do not jump. */
export const tabular = { fontVariantNumeric: 'tabular-nums' } as const;

function Evidence(props: { figure: Measured }) {
  return (
    <Box component="span" sx={{ display: 'block', maxWidth: 420 }}>
      <Box component="code" sx={{ display: 'block', fontSize: 12, overflowWrap: 'anywhere' }}>
        {props.figure.source || 'source unknown'}
      </Box>
      <Box component="span" sx={{ display: 'block', mt: 0.5, fontSize: 12 }}>
        {props.figure.at === null ? 'no sample' : `sample of ${absoluteText(props.figure.at)}`}
      </Box>
    </Box>
  );
}

/**
 * A measured number. Hover or focus shows the query it came from and the time of its sample.
 * In long tables leave `focusable` off: the row leads to a page where the same number has it on.
 */
export function Figure(props: { figure: Measured; children: ReactNode; focusable?: boolean }) {
  return (
    <Tooltip title={<Evidence figure={props.figure} />} describeChild enterDelay={300}>
      <Box
        component="span"
        tabIndex={props.focusable ? 0 : undefined}
        sx={{
          ...tabular,
          whiteSpace: 'nowrap',
          cursor: 'help',
          color: props.figure.value === null ? 'text.secondary' : undefined,
          fontStyle: props.figure.value === null ? 'italic' : undefined,
        }}
      >
        {props.children}
      </Box>
    </Tooltip>
  );
}
