import type { PartialError } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import type { ReactNode } from 'react';
import { StatusIcon } from './StatusMark';

/** What failed, what to do, retry. */
export function ErrorState(props: { what: string; error: Error; onRetry: () => void }) {
  return (
    <Box role="alert" sx={{ display: 'flex', gap: 1.5, alignItems: 'flex-start', p: 2 }}>
      <StatusIcon status="act" size={22} />
      <Box sx={{ minWidth: 0 }}>
        <Box sx={{ fontWeight: 600 }}>{props.what}</Box>
        <Box sx={{ color: 'text.secondary', overflowWrap: 'anywhere', mb: 1 }}>{props.error.message}</Box>
        <Button size="small" variant="outlined" onClick={props.onRetry}>
          Try again
        </Button>
      </Box>
    </Box>
  );
}

/** Some of an answer failed: the rest stays, this says what is missing. */
export function PartialErrors(props: { errors: readonly PartialError[]; failed?: Error; onRetry: () => void }) {
  if (props.errors.length === 0 && !props.failed) return null;
  return (
    <Box
      role="status"
      sx={{
        display: 'flex',
        gap: 1.5,
        alignItems: 'flex-start',
        px: 2,
        py: 1.25,
        border: 1,
        borderColor: 'divider',
        borderRadius: 2,
        bgcolor: 'background.paper',
      }}
    >
      <StatusIcon status="watch" size={20} />
      <Box sx={{ minWidth: 0, flex: 1, overflowWrap: 'anywhere' }}>
        {props.failed && (
          <Box>
            <strong>Shown is the last good answer.</strong> {props.failed.message}
          </Box>
        )}
        {props.errors.map(one => (
          <Box key={`${one.source} ${one.message}`}>
            <strong>{one.source}</strong> did not answer: {one.message}
          </Box>
        ))}
      </Box>
      <Button size="small" onClick={props.onRetry}>
        Try again
      </Button>
    </Box>
  );
}

/** Nothing here yet: what would be here, and how to make it so. */
export function EmptyState(props: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Box sx={{ py: 1 }}>
      <Box sx={{ fontWeight: 600 }}>{props.title}</Box>
      {props.children && <Box sx={{ color: 'text.secondary', maxWidth: 560 }}>{props.children}</Box>}
      {props.action && <Box sx={{ mt: 1 }}>{props.action}</Box>}
    </Box>
  );
}
