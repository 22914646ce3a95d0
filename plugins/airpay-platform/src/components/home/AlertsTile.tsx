import type { Alert, Overview, Status } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { worstStatus } from '../../domain/words';
import { Panel } from '../shared/Layout';
import { StatusIcon } from '../shared/StatusMark';
import { EntityLink, TextLink } from '../shared/TextLink';
import { Ago } from '../shared/Time';
import { Unavailable } from './Unavailable';

const most = 4;

function alertStatus(alert: Alert): Status {
  return alert.state === 'firing' && alert.severity === 'page' ? 'act' : 'watch';
}

function AlertRow({ alert }: { alert: Alert }) {
  return (
    <Box component="li" sx={{ display: 'flex', gap: 1, alignItems: 'flex-start' }}>
      <Box sx={{ pt: 0.25 }}>
        <StatusIcon status={alertStatus(alert)} />
      </Box>
      <Box sx={{ minWidth: 0 }}>
        <Box sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{alert.name}</Box>
        <Box sx={{ color: 'text.secondary', fontSize: 13 }}>
          {alert.severity}, {alert.state}
          {alert.since && (
            <>
              {' '}
              since <Ago iso={alert.since} />
            </>
          )}
          {alert.entityRef && (
            <>
              {' '}
              · <EntityLink entityRef={alert.entityRef} inText />
            </>
          )}
          {alert.runbookUrl && (
            <>
              {' '}
              · <TextLink to={alert.runbookUrl} label={`Runbook of ${alert.name}`} inText>runbook</TextLink>
            </>
          )}
        </Box>
        <Box sx={{ fontSize: 13 }}>{alert.summary}</Box>
      </Box>
    </Box>
  );
}

function headline(firing: number, pending: number): string {
  if (firing > 0) return `${firing} firing`;
  return pending > 0 ? `None firing, ${pending} pending` : 'None firing';
}

/** Alerts that fire now; otherwise when the last one did. */
export function AlertsTile(props: { overview?: Overview; failed?: Error }) {
  const { overview } = props;
  const open = (overview?.alerts ?? []).filter(alert => alert.state !== 'resolved');
  const firing = open.filter(alert => alert.state === 'firing').length;
  const unread = overview?.errors.some(error => /alert/i.test(error.source)) ?? false;
  return (
    <Panel title="Alerts">
      {props.failed && <Unavailable what="Alerts" />}
      {!overview && !props.failed && (
        <>
          <Skeleton width="50%" height={28} />
          <Skeleton width="70%" />
        </>
      )}
      {overview && unread && open.length === 0 && <Unavailable what="Alerts" />}
      {overview && !(unread && open.length === 0) && (
        <>
          <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, fontSize: 17, fontWeight: 600, mb: 1 }}>
            <StatusIcon status={open.length > 0 ? worstStatus(open.map(alertStatus)) : 'ok'} />
            {headline(firing, open.length - firing)}
          </Box>
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 1 }}>
            {open.slice(0, most).map(alert => (
              <AlertRow key={`${alert.name} ${alert.since}`} alert={alert} />
            ))}
          </Box>
          {open.length > most && <Box sx={{ color: 'text.secondary' }}>and {open.length - most} more</Box>}
          {open.length === 0 && (
            <Box sx={{ color: 'text.secondary' }}>
              {overview.lastAlertAt ? <Ago iso={overview.lastAlertAt} prefix="The last one fired " /> : 'None on record'}
            </Box>
          )}
        </>
      )}
    </Panel>
  );
}
