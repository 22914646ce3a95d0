import type { Run } from '@airpay/plugin-airpay-dr-common';
import { BreadcrumbEntry, useApi, useRouteRefParams } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import { recoveryApiRef, RefusedError } from '../../adapters/api';
import { refusalText } from '../../domain/planWords';
import { isOpen } from '../../domain/runWords';
import { usePolled } from '../../hooks/usePolled';
import { runRouteRef } from '../../routes';
import { PageFrame, Section } from '../shared/Frame';
import { Loading, LoadError, StaleNotice } from '../shared/States';
import { Journal } from './Journal';
import { NextForYou } from './NextForYou';
import { RunHeader } from './RunHeader';
import { RunSummary } from './RunSummary';
import { StepRow } from './StepRow';

const runIntervalMs = 1_000;
const systemIntervalMs = 15_000;

/** A run: where it stands, what it needs, each step with its evidence. */
export const RunPage = () => {
  const { id } = useRouteRefParams(runRouteRef);
  const api = useApi(recoveryApiRef);
  const polled = usePolled(`run ${id}`, signal => api.run(id, signal), runIntervalMs, run => !isOpen(run));
  const run = polled.data;

  return (
    <BreadcrumbEntry entry={{ label: `Run ${id.slice(0, 8)}`, href: `runs/${id}` }}>
      <PageFrame>
        {!run && polled.error && <RunMissing error={polled.error} onRetry={polled.retry} />}
        {!run && !polled.error && <Loading what="the run" heights={[150, 90, 420]} />}
        {run && (
          <>
            {polled.error && <StaleNotice error={polled.error} onRetry={polled.retry} />}
            <RunBody run={run} loadedAtMs={polled.loadedAtMs ?? Date.now()} onSteered={polled.replace} />
          </>
        )}
      </PageFrame>
    </BreadcrumbEntry>
  );
};

const RunMissing = ({ error, onRetry }: { error: Error; onRetry: () => void }) =>
  error instanceof RefusedError ? (
    <Alert severity="info" variant="outlined">
      {refusalText(error.refusal)}
    </Alert>
  ) : (
    <LoadError what="The run" error={error} onRetry={onRetry} />
  );



const RunBody = ({ run, loadedAtMs, onSteered }: { run: Run; loadedAtMs: number; onSteered: (run: Run) => void }) => {
  const api = useApi(recoveryApiRef);
  // Read again when the run ends, since the active region is another one then.
  const { data: system } = usePolled(`system ${run.system} ${isOpen(run)}`, signal => api.system(run.system, signal), systemIntervalMs);
  const open = isOpen(run);
  return (
    <>
      <RunHeader run={run} system={system} loadedAtMs={loadedAtMs} intervalMs={runIntervalMs} />
      <RunSummary run={run} system={system} />
      <Box
        sx={{
          display: 'grid',
          gap: 2,
          alignItems: 'start',
          gridTemplateColumns: { xs: 'minmax(0,1fr)', md: open ? 'minmax(0,1fr) 320px' : 'minmax(0,1fr)' },
        }}
      >
        {open && (
          // First on a phone, at the side and always in sight on a laptop.
          <Box sx={{ order: { xs: 0, md: 1 }, position: { md: 'sticky' }, top: { md: 16 }, minWidth: 0 }}>
            <NextForYou run={run} onSteered={onSteered} />
          </Box>
        )}
        <Section title="Steps" sx={{ order: { xs: 1, md: 0 } }}>
          <Box component="ol" sx={{ listStyle: 'none', m: 0, p: 0 }}>
            {run.steps.map((step, index) => (
              <StepRow key={step.id} step={step} number={index + 1} answeredAt={run.at} loadedAtMs={loadedAtMs} />
            ))}
          </Box>
        </Section>
      </Box>
      <Journal runId={run.id} open={open} />
    </>
  );
};
