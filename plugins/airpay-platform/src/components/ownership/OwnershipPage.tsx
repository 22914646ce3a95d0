import { useApi } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { useSearchParams } from 'react-router-dom';
import { platformApiRef } from '../../adapters/api';
import { answerCountText, ownershipPath } from '../../domain/ownership';
import { usePolled } from '../../hooks/usePolled';
import { PageBody, Panel } from '../shared/Layout';
import { EmptyState, ErrorState, PartialErrors } from '../shared/States';
import { TextLink } from '../shared/TextLink';
import { AnswerCard } from './AnswerCard';
import { OwnershipBox, queryLimit } from './OwnershipBox';

const pollMs = 30_000;
const examples = ['ledger', 'payments', 'ledger.pay.airpay.example', 'system=payments'];

function Examples() {
  return (
    <EmptyState title="Who owns it, and who is on call?">
      Type anything you see in a log, a page or an alert: a component, API, namespace, pod, alert, host name or a label
      such as <code>system=payments</code>. For example{' '}
      {examples.map((example, index) => (
        <span key={example}>
          {index > 0 && ', '}
          <TextLink to={ownershipPath(example)} inText>{example}</TextLink>
        </span>
      ))}
      .
    </EmptyState>
  );
}

function AnswerSkeleton() {
  return (
    <Panel>
      <Box role="status" aria-label="Looking up the owner">
        <Skeleton width="30%" height={32} />
        <Skeleton width="45%" />
        <Skeleton width="55%" />
        <Skeleton width="40%" />
      </Box>
    </Panel>
  );
}

function Answers({ query }: { query: string }) {
  const api = useApi(platformApiRef);
  const { data, error, retry } = usePolled(query, signal => api.ownership(query, signal), pollMs);
  if (!data && error) {
    return (
      <Panel dense>
        <ErrorState what="The owner could not be looked up" error={error} onRetry={retry} />
      </Panel>
    );
  }
  if (!data) return <AnswerSkeleton />;
  return (
    <>
      <PartialErrors errors={data.errors} failed={error} onRetry={retry} />
      <Box role="status" sx={{ fontSize: 13, color: 'text.secondary' }}>
        {data.answers.length > 0 && answerCountText(data.answers.length)}
      </Box>
      {data.answers.length === 0 && (
        <Panel>
          <EmptyState
            title={`Nothing known by the name “${query}”`}
            action={<TextLink to="/catalog">Browse the catalog</TextLink>}
          >
            {data.errors.length > 0
              ? 'Not every source answered, so it may still exist. Try again in a moment.'
              : 'Try a shorter part of the name. If the thing runs, it lacks labels, or its component lacks an entry in the catalog.'}
          </EmptyState>
        </Panel>
      )}
      {data.answers.map(answer => (
        <AnswerCard key={`${answer.kind} ${answer.name} ${answer.entityRef}`} answer={answer} />
      ))}
    </>
  );
}

/** One box and its answers; the query is in the URL, so that an answer can be sent to someone. */
export function OwnershipPage() {
  const [search, setSearch] = useSearchParams();
  const query = (search.get('q') ?? '').trim().slice(0, queryLimit);
  return (
    <PageBody>
      <Box sx={{ width: '100%', maxWidth: 920, display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}>
        <OwnershipBox query={query} autoFocus={!query} onSubmit={next => setSearch({ q: next })} />
        {query ? <Answers query={query} /> : <Panel><Examples /></Panel>}
      </Box>
    </PageBody>
  );
}
