import { useApi } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import type { ReactElement } from 'react';
import { platformApiRef } from '../../adapters/api';
import { usePolled } from '../../hooks/usePolled';
import { OwnershipBox } from '../ownership/OwnershipBox';
import { PageBody, Panel } from '../shared/Layout';
import { ErrorState, PartialErrors } from '../shared/States';
import { AlertsTile } from './AlertsTile';
import { BudgetsTile } from './BudgetsTile';
import { MoneyLine, MoneyLineSkeleton } from './MoneyLine';
import { MyServicesTile } from './MyServicesTile';
import { QuickActions } from './QuickActions';
import { RecoveryTile } from './RecoveryTile';

const pollMs = 5_000;

/** Answers "is money moving, and would we survive losing a region now?" in one glance. */
export function HomePage(props: { recovery: ReactElement[]; recoveryLine: ReactElement[] }) {
  const api = useApi(platformApiRef);
  const overview = usePolled('overview', signal => api.overview(signal), pollMs);
  const { data, error, retry } = overview;
  const failed = error && !data ? error : undefined;
  return (
    <PageBody>
      <Panel>
        {data && <MoneyLine overview={data} polled={overview} />}
        {!data && !failed && <MoneyLineSkeleton />}
        {failed && (
          <ErrorState what="The portal cannot say whether money is moving" error={failed} onRetry={retry} />
        )}
        {props.recoveryLine.map((line, index) => (
          <Box key={index} sx={{ mt: 0.5, fontSize: { xs: 14, sm: 16 } }}>
            {line}
          </Box>
        ))}
      </Panel>
      {data && <PartialErrors errors={data.errors} failed={error} onRetry={retry} />}
      <OwnershipBox />
      <Box
        sx={{
          display: 'grid',
          gap: 2,
          alignItems: 'stretch',
          gridTemplateColumns: { xs: 'minmax(0, 1fr)', sm: 'repeat(2, minmax(0, 1fr))', lg: 'repeat(3, minmax(0, 1fr)) minmax(0, 1.4fr)' },
        }}
      >
        <BudgetsTile overview={data} failed={failed} />
        <AlertsTile overview={data} failed={failed} />
        <RecoveryTile content={props.recovery} />
        <MyServicesTile slos={data?.slos} failed={failed !== undefined} />
      </Box>
      <QuickActions />
    </PageBody>
  );
}
