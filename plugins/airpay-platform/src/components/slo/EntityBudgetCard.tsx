import { byBudgetLeft } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { budgetText, burnText } from '../../domain/format';
import { budgetTimeText, exhaustionText } from '../../domain/words';
import { BudgetBar } from '../shared/BudgetBar';
import { Figure, tabular } from '../shared/Figure';
import { Panel } from '../shared/Layout';
import { EmptyState, ErrorState } from '../shared/States';
import { StatusMark } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';
import { Live } from '../shared/Time';
import { useEntitySlos } from './EntitySlos';
import { sloPath } from './SloRow';

/** Card on a component's overview: the SLO with the least budget left. */
export function EntityBudgetCard() {
  const { polled, slos } = useEntitySlos();
  const worst = slos && [...slos].sort(byBudgetLeft)[0];
  return (
    <Panel title="Error budget" aside={<Live polled={polled} />} sx={{ fontSize: 14, color: 'text.primary' }}>
      {!slos && !polled.error && <Skeleton height={64} />}
      {!slos && polled.error && (
        <ErrorState what="The SLOs could not be read" error={polled.error} onRetry={polled.retry} />
      )}
      {slos && !worst && <EmptyState title="No SLO is recorded for this component" />}
      {slos && worst && (
        <>
          <Box sx={{ display: 'flex', alignItems: 'center', gap: 2 }}>
            <Box sx={{ fontSize: 26, fontWeight: 600 }}>
              <Figure figure={worst.budgetLeft} focusable>
                {budgetText(worst.budgetLeft.value)}
              </Figure>
            </Box>
            <BudgetBar left={worst.budgetLeft.value} status={worst.status} label="Least budget left" height={10} />
            <StatusMark status={worst.status} />
          </Box>
          <Box sx={{ ...tabular, color: 'text.secondary' }}>
            {budgetTimeText(worst)} · burn {burnText(worst.burnNow.value)} · {exhaustionText(worst)}
          </Box>
          <Box sx={{ mt: 1 }}>
            <TextLink to={sloPath(worst.id)}>
              {worst.service} / {worst.slo}
            </TextLink>
            {slos.length > 1 && (
              <Box component="span" sx={{ color: 'text.secondary' }}>
                {' '}
                is the worst of {slos.length}
              </Box>
            )}
          </Box>
        </>
      )}
    </Panel>
  );
}
