import Tooltip from '@mui/material/Tooltip';
import Box from '@mui/material/Box';
import { absoluteText, ageText, relativeText } from '../../domain/format';
import { useNow } from '../../hooks/useNow';

/** `3 s ago`; the exact time, in the reader's zone and UTC, on hover and focus. */
export const Ago = ({ at }: { at: string }) => {
  const now = useNow();
  const absolute = absoluteText(at);
  return (
    <Tooltip title={absolute}>
      <Box component="time" dateTime={at} tabIndex={0} aria-label={`${relativeText(at, now)}, ${absolute}`} sx={{ whiteSpace: 'nowrap' }}>
        {relativeText(at, now)}
      </Box>
    </Tooltip>
  );
};

/**
 * `live · 1 s` while answers come, `stale · last answer 12 s ago` when they stay away, `ended` when none are expected.
 */
export const LiveMark = ({
  loadedAtMs,
  intervalMs,
  ended = false,
}: {
  loadedAtMs: number | undefined;
  intervalMs: number;
  ended?: boolean;
}) => {
  const now = useNow();
  if (loadedAtMs === undefined) return <Mark color="text.secondary">connecting</Mark>;
  if (ended) return <Mark color="text.secondary">ended</Mark>;
  const ageMs = Math.max(0, now - loadedAtMs);
  if (ageMs > intervalMs * 2 + 3000) {
    return <Mark color="warning.main">{`stale · last answer ${ageText(ageMs / 1000)} ago`}</Mark>;
  }
  return <Mark color="success.main">{`live · ${durationLabel(intervalMs)}`}</Mark>;
};

const durationLabel = (ms: number) => `${ms / 1000} s`;

const Mark = ({ color, children }: { color: string; children: string }) => (
  <Box component="span" sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.75, fontSize: 12, color: 'text.secondary', whiteSpace: 'nowrap' }}>
    <Box component="span" aria-hidden sx={{ width: 8, height: 8, borderRadius: '50%', bgcolor: color }} />
    {children}
  </Box>
);
