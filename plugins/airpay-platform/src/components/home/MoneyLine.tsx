import type { Overview } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { moneyFigures, moneyStatus, moneyText } from '../../domain/words';
import type { Polled } from '../../hooks/usePolled';
import { Figure } from '../shared/Figure';
import { StatusIcon } from '../shared/StatusMark';
import { Live } from '../shared/Time';

const row = { display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 2.5, rowGap: 0.5 } as const;

/** First line of the home page: the answer in words, then the figures behind it. */
export function MoneyLine(props: { overview: Overview; polled: Polled<unknown> }) {
  const { overview } = props;
  return (
    <Box sx={row}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1 }} role="status">
        <StatusIcon status={moneyStatus(overview.moneyIsMoving)} size={24} />
        <Box component="h2" sx={{ m: 0, fontSize: { xs: 20, sm: 24 }, fontWeight: 650, letterSpacing: '-0.015em' }}>
          {moneyText(overview.moneyIsMoving)}
        </Box>
      </Box>
      {moneyFigures(overview).map(one => (
        <Box key={one.unit} sx={{ fontSize: { xs: 15, sm: 18 }, whiteSpace: 'nowrap' }}>
          <Figure figure={one.figure} focusable>
            <Box component="span" sx={{ fontWeight: 600 }}>
              {one.text}
            </Box>{' '}
            <Box component="span" sx={{ color: 'text.secondary', fontSize: { xs: 14, sm: 15 } }}>
              {one.unit}
            </Box>
          </Figure>
        </Box>
      ))}
      <Box sx={{ ml: 'auto' }}>
        <Live polled={props.polled} />
      </Box>
    </Box>
  );
}

export function MoneyLineSkeleton() {
  return (
    <Box sx={row} role="status" aria-label="Reading whether money is moving">
      <Skeleton width={220} height={36} />
      <Skeleton width={130} height={28} />
      <Skeleton width={90} height={28} />
      <Skeleton width={80} height={28} />
    </Box>
  );
}
