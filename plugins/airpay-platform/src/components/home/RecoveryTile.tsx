import Box from '@mui/material/Box';
import type { ReactElement } from 'react';
import { Panel } from '../shared/Layout';
import { EmptyState } from '../shared/States';
import { TextLink } from '../shared/TextLink';

/** Frame for what the recovery plugin says about the regions. */
export function RecoveryTile(props: { content: ReactElement[] }) {
  return (
    <Panel title="Recovery" aside={<TextLink to="/recovery">Open</TextLink>}>
      {props.content.length === 0 && (
        <EmptyState title="No recovery plugin">
          State and readiness of both regions show here when the recovery plugin is part of this portal.
        </EmptyState>
      )}
      {props.content.map((one, index) => (
        <Box key={index}>{one}</Box>
      ))}
    </Panel>
  );
}
