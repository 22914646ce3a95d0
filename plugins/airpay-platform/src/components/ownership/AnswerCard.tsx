import type { OwnershipAnswer } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import type { ReactNode } from 'react';
import { kindWord } from '../../domain/ownership';
import { Panel } from '../shared/Layout';
import { StatusMark } from '../shared/StatusMark';
import { EntityLink, TextLink } from '../shared/TextLink';
import { Ago } from '../shared/Time';

function Row(props: { label: string; children: ReactNode }) {
  return (
    <>
      <Box component="dt" sx={{ color: 'text.secondary' }}>
        {props.label}
      </Box>
      <Box component="dd" sx={{ m: 0, minWidth: 0, overflowWrap: 'anywhere' }}>
        {props.children}
      </Box>
    </>
  );
}

function Because({ answer }: { answer: OwnershipAnswer }) {
  return (
    <Box sx={{ mt: 1.5, pt: 1.5, borderTop: 1, borderColor: 'divider', fontSize: 13 }}>
      <Box component="h3" sx={{ m: 0, mb: 0.5, fontSize: 13, fontWeight: 600 }}>
        Because
      </Box>
      <Box component="ul" sx={{ m: 0, pl: 2.25, display: 'grid', gap: 0.25 }}>
        {answer.because.map(one => (
          <li key={`${one.text} ${one.source}`}>
            {one.text}{' '}
            <Box component="span" sx={{ color: 'text.secondary' }}>
              · {one.source}, <Ago iso={one.at} prefix="read " />
            </Box>
          </li>
        ))}
      </Box>
    </Box>
  );
}

/** Who owns a thing, who is on call, what to read, and why the portal believes so. */
export function AnswerCard({ answer }: { answer: OwnershipAnswer }) {
  return (
    <Panel>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', columnGap: 1, mb: 1.5 }}>
        <Box component="h2" sx={{ m: 0, fontSize: 18, fontWeight: 600, overflowWrap: 'anywhere' }}>
          <EntityLink entityRef={answer.entityRef} title={answer.title} />
        </Box>
        <Box sx={{ color: 'text.secondary', fontSize: 13 }}>
          {kindWord[answer.kind]}
          {answer.name !== answer.title && ` · ${answer.name}`}
        </Box>
        <Box sx={{ ml: 'auto', color: 'text.secondary', fontSize: 13 }}>
          {answer.match >= 1 ? 'exact name' : 'close match'}
        </Box>
      </Box>
      <Box
        component="dl"
        sx={{ m: 0, display: 'grid', gridTemplateColumns: '88px minmax(0, 1fr)', columnGap: 2, rowGap: 0.5 }}
      >
        <Row label="Owner">
          {answer.owner ? (
            <Box component="span" sx={{ fontWeight: 600, fontSize: 16 }}>
              <EntityLink entityRef={answer.owner.ref} title={answer.owner.title} />
            </Box>
          ) : (
            <StatusMark status="watch" word="Nobody: the catalog names no owner" />
          )}
        </Row>
        <Row label="On call">
          {answer.onCall ? (
            <>
              <EntityLink entityRef={answer.onCall.ref} title={answer.onCall.title} inText />
              <Box component="span" sx={{ color: 'text.secondary' }}>
                {' '}
                until the handover <Ago iso={answer.onCall.until} /> · {answer.onCall.source}
              </Box>
            </>
          ) : (
            <Box sx={{ color: 'text.secondary' }}>no rota on record</Box>
          )}
        </Row>
        <Row label="Runbook">
          {answer.runbook ? (
            <TextLink to={answer.runbook.url}>{answer.runbook.title}</TextLink>
          ) : (
            <Box sx={{ color: 'text.secondary' }}>none on record</Box>
          )}
        </Row>
        {answer.links.length > 0 && (
          <Row label="Links">
            <Box sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 2 }}>
              {answer.links.map(link => (
                <TextLink key={`${link.title} ${link.url}`} to={link.url}>
                  {link.title}
                </TextLink>
              ))}
            </Box>
          </Row>
        )}
      </Box>
      {answer.because.length > 0 && <Because answer={answer} />}
    </Panel>
  );
}
