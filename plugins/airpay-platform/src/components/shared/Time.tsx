import Box from '@mui/material/Box';
import Tooltip from '@mui/material/Tooltip';
import { absoluteText, ageText, relativeText } from '../../domain/format';
import type { Polled } from '../../hooks/usePolled';
import { useNow } from '../../hooks/useNow';
import { StatusIcon } from './StatusMark';
import { tabular } from './Figure';

/** `3 s ago`, kept current; the full time on hover or focus. */
export function Ago(props: { iso: string | null; prefix?: string }) {
  const now = useNow();
  return (
    <Tooltip title={absoluteText(props.iso)} describeChild enterDelay={300}>
      <Box
        component="time"
        dateTime={props.iso ?? undefined}
        tabIndex={0}
        sx={{ ...tabular, whiteSpace: 'nowrap' }}
      >
        {props.prefix}
        {relativeText(props.iso, now)}
      </Box>
    </Tooltip>
  );
}

/** Answers older than this many intervals are called stale. */
const staleAfterIntervals = 3;

/** `live · 2 s`, or `stale · 40 s` when answers stopped coming. */
export function Live(props: { polled: Pick<Polled<unknown>, 'loadedAtMs' | 'intervalMs' | 'error'> }) {
  const now = useNow();
  const { loadedAtMs, intervalMs, error } = props.polled;
  if (loadedAtMs === undefined) return null;
  const ageSeconds = Math.max(0, (now - loadedAtMs) / 1000);
  const stale = ageSeconds * 1000 > staleAfterIntervals * intervalMs || error !== undefined;
  const why = error
    ? `The last attempt failed: ${error.message}`
    : `Asked again every ${intervalMs / 1000} s while this page is seen`;
  return (
    <Tooltip title={`${why}. Last answer ${absoluteText(new Date(loadedAtMs).toISOString())}`} describeChild>
      <Box
        component="span"
        tabIndex={0}
        sx={{
          ...tabular,
          display: 'inline-flex',
          alignItems: 'center',
          gap: 0.75,
          fontSize: 13,
          color: 'text.secondary',
          whiteSpace: 'nowrap',
        }}
      >
        {stale ? (
          <StatusIcon status="watch" size={15} />
        ) : (
          <Box
            component="span"
            aria-hidden
            sx={{ width: 8, height: 8, borderRadius: '50%', bgcolor: 'success.main' }}
          />
        )}
        {stale ? 'stale' : 'live'} · {ageText(ageSeconds)}
      </Box>
    </Tooltip>
  );
}
