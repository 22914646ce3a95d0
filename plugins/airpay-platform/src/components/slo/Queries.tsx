import type { SloDetail } from '@airpay/plugin-airpay-platform-common';
import ContentCopyIcon from '@mui/icons-material/ContentCopy';
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import { useState } from 'react';
import { Panel } from '../shared/Layout';

function Query(props: { title: string; expression: string }) {
  const [copied, setCopied] = useState<'yes' | 'no' | undefined>();
  const copy = () =>
    navigator.clipboard.writeText(props.expression).then(
      () => setCopied('yes'),
      () => setCopied('no'),
    );
  return (
    <Box component="li" sx={{ py: 0.75 }}>
      <Box sx={{ fontSize: 13, color: 'text.secondary' }}>
        {props.title}
        <IconButton size="small" aria-label={`Copy the query ${props.title}`} onClick={copy} sx={{ ml: 0.5 }}>
          <ContentCopyIcon sx={{ fontSize: 14 }} />
        </IconButton>
        <span role="status">{copied && (copied === 'yes' ? 'copied' : 'could not be copied')}</span>
      </Box>
      <Box component="code" sx={{ display: 'block', fontSize: 13, overflowWrap: 'anywhere', fontFamily: 'monospace' }}>
        {props.expression}
      </Box>
    </Box>
  );
}

/** What was asked of Prometheus for the numbers above. */
export function Queries({ slo }: { slo: SloDetail }) {
  if (slo.queries.length === 0) return null;
  return (
    <Panel title="Queries behind these numbers">
      <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {slo.queries.map(query => (
          <Query key={query.title} {...query} />
        ))}
      </Box>
    </Panel>
  );
}
