import { byBudgetLeft, type SloSummary } from '@airpay/plugin-airpay-platform-common';
import { identityApiRef, useApi } from '@backstage/frontend-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { readMyServices, type MyService } from '../../adapters/myServices';
import { budgetLeftText, entityPath } from '../../domain/format';
import { usePolled } from '../../hooks/usePolled';
import { BudgetBar } from '../shared/BudgetBar';
import { Figure } from '../shared/Figure';
import { Panel } from '../shared/Layout';
import { EmptyState, ErrorState } from '../shared/States';
import { TextLink } from '../shared/TextLink';

const pollMs = 60_000;
const most = 6;

/** The rows take their columns from the list, so that bars begin below each other. */
const columns = {
  listStyle: 'none',
  m: 0,
  p: 0,
  display: 'grid',
  gridTemplateColumns: 'minmax(0, auto) auto minmax(40px, 1fr) auto',
  columnGap: 1.5,
  rowGap: 0.75,
} as const;

/** Name, tier and the worst budget of one service. */
function ServiceRow(props: { service: MyService; slos?: readonly SloSummary[]; failed: boolean }) {
  const { service, slos } = props;
  const reading = slos === undefined && !props.failed;
  const withoutBudget = reading ? <Skeleton /> : 'no data';
  const worst = slos?.filter(slo => slo.entityRef === service.ref).sort(byBudgetLeft)[0];
  return (
    <Box
      component="li"
      sx={{ display: 'grid', gridTemplateColumns: 'subgrid', gridColumn: '1 / -1', alignItems: 'center' }}
    >
      <TextLink
        to={entityPath(service.ref) ?? '/catalog'}
        sx={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', color: 'text.primary', fontWeight: 500 }}
      >
        {service.title}
      </TextLink>
      <Box sx={{ fontSize: 13, color: 'text.secondary', whiteSpace: 'nowrap' }}>
        {service.tier === null ? 'no tier' : `tier ${service.tier}`}
      </Box>
      {worst ? (
        <>
          <BudgetBar left={worst.budgetLeft.value} status={worst.status} label={`Worst budget of ${service.title}`} />
          <Box sx={{ textAlign: 'right' }}>
            <Figure figure={worst.budgetLeft} focusable>
              {budgetLeftText(worst.budgetLeft.value)}
            </Figure>
          </Box>
        </>
      ) : (
        <Box sx={{ gridColumn: 'span 2', textAlign: 'right', fontSize: 13, color: 'text.secondary' }}>
          {service.hasSlo ? withoutBudget : 'no SLO'}
        </Box>
      )}
    </Box>
  );
}

/** Components the reader or the reader's teams own. */
export function MyServicesTile(props: { slos?: readonly SloSummary[]; failed: boolean }) {
  const catalog = useApi(catalogApiRef);
  const identity = useApi(identityApiRef);
  const { data, error, retry } = usePolled('mine', () => readMyServices(catalog, identity), pollMs);
  return (
    <Panel title="My services" aside={data && data.length > most && <TextLink to="/catalog?filters[user]=owned">All {data.length}</TextLink>}>
      {!data && !error && (
        <>
          <Skeleton />
          <Skeleton />
          <Skeleton />
        </>
      )}
      {!data && error && <ErrorState what="The catalog could not be read" error={error} onRetry={retry} />}
      {data && data.length === 0 && (
        <EmptyState title="You own no services" action={<TextLink to="/catalog">Browse the catalog</TextLink>}>
          Components that you or your teams own show here with their budgets.
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <Box component="ul" sx={columns}>
          {data.slice(0, most).map(service => (
            <ServiceRow key={service.ref} service={service} slos={props.slos} failed={props.failed} />
          ))}
        </Box>
      )}
    </Panel>
  );
}
