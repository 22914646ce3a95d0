import { byBudgetLeft, type Overview, type SloSummary } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { budgetText } from '../../domain/format';
import { countByStatus } from '../../domain/listView';
import { budgetsText, worstStatus } from '../../domain/words';
import { BudgetBar } from '../shared/BudgetBar';
import { Figure } from '../shared/Figure';
import { Panel } from '../shared/Layout';
import { EmptyState } from '../shared/States';
import { StatusIcon } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';
import { Unavailable } from './Unavailable';

const most = 4;

function BudgetRow({ slo }: { slo: SloSummary }) {
  return (
    <Box component="li" sx={{ display: 'grid', gridTemplateColumns: 'minmax(0,1fr) auto', columnGap: 1, rowGap: 0.25 }}>
      <TextLink
        to={`/platform/slos/${encodeURIComponent(slo.id)}`}
        sx={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', color: 'text.primary' }}
      >
        {slo.service} {slo.slo}
      </TextLink>
      <Figure figure={slo.budgetLeft} focusable>
        {budgetText(slo.budgetLeft.value)}
      </Figure>
      <Box sx={{ gridColumn: '1 / -1', display: 'flex' }}>
        <BudgetBar
          left={slo.budgetLeft.value}
          status={slo.status}
          label={`Budget left of ${slo.service} ${slo.slo}`}
          height={5}
        />
      </Box>
    </Box>
  );
}

/** How the error budgets stand, the worst by name. */
export function BudgetsTile(props: { overview?: Overview; failed?: Error }) {
  const { overview } = props;
  const worst = [...(overview?.slos ?? [])].sort(byBudgetLeft);
  return (
    <Panel title="Budgets" aside={<TextLink to="/platform/slos">All SLOs</TextLink>}>
      {props.failed && <Unavailable what="Budgets" />}
      {!overview && !props.failed && (
        <>
          <Skeleton width="60%" height={28} />
          <Skeleton />
          <Skeleton />
          <Skeleton />
        </>
      )}
      {overview && worst.length === 0 && (
        <EmptyState title="No SLOs yet" action={<TextLink to="/create">Create a service with an SLO</TextLink>}>
          Budgets of the services show here once an SLO is recorded.
        </EmptyState>
      )}
      {overview && worst.length > 0 && (
        <>
          <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, fontSize: 17, fontWeight: 600, mb: 1 }}>
            <StatusIcon status={worstStatus(worst.map(slo => slo.status))} />
            {budgetsText(countByStatus(worst))}
          </Box>
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 0.75 }}>
            {worst.slice(0, most).map(slo => (
              <BudgetRow key={slo.id} slo={slo} />
            ))}
          </Box>
        </>
      )}
    </Panel>
  );
}
