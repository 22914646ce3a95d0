import type { OwnershipResult } from '@airpay/plugin-airpay-platform-common';
import { useApi } from '@backstage/frontend-plugin-api';
import SearchIcon from '@mui/icons-material/Search';
import Box from '@mui/material/Box';
import InputBase from '@mui/material/InputBase';
import { useEffect, useId, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router-dom';
import { platformApiRef } from '../../adapters/api';
import { answerPath, kindWord, moveChoice, ownershipPath } from '../../domain/ownership';
import { useDebounced } from '../../hooks/useDebounced';
import { ownershipPrompt, queryLimit } from './OwnershipBox';

const debounceMs = 180;

interface Looked {
  query: string;
  result?: OwnershipResult;
  error?: Error;
}

function useLookUp(query: string): Looked {
  const api = useApi(platformApiRef);
  const [looked, setLooked] = useState<Looked>({ query: '' });
  useEffect(() => {
    if (!query) return undefined;
    const stop = new AbortController();
    api.ownership(query, stop.signal).then(
      result => !stop.signal.aborted && setLooked({ query, result }),
      (error: Error) => !stop.signal.aborted && setLooked({ query, error }),
    );
    return () => stop.abort();
  }, [api, query]);
  return looked.query === query ? looked : { query };
}

function note(query: string, looked: Looked): string {
  if (!query) return 'Type what you see: ↑ ↓ to choose, Enter to open';
  if (looked.error) return `The owner could not be looked up: ${looked.error.message}`;
  if (!looked.result) return 'Looking …';
  if (looked.result.answers.length === 0) return `Nothing known by the name “${query}”`;
  const lacking = looked.result.errors.map(error => error.source).join(', ');
  return lacking ? `Without an answer of ${lacking}` : 'Enter opens the choice, Ctrl or ⌘ with Enter shows why';
}

/** The body of the ⌘K dialog: results as one types, chosen by arrow keys. */
export function QuickOwnership(props: { onDone: () => void }) {
  const navigate = useNavigate();
  const listId = useId();
  const [text, setText] = useState('');
  const [choice, setChoice] = useState(0);
  const query = useDebounced(text.trim(), debounceMs);
  const looked = useLookUp(query);
  const answers = (query && looked.result?.answers) || [];
  useEffect(() => setChoice(0), [query]);

  const open = (path: string) => {
    navigate(path);
    props.onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setChoice(current => moveChoice(current, event.key === 'ArrowDown' ? 1 : -1, answers.length));
    } else if (event.key === 'Enter' && text.trim()) {
      event.preventDefault();
      // Answers of an earlier text are not what was asked for: the page looks again.
      const chosen = query === text.trim() ? answers[choice] : undefined;
      const why = event.ctrlKey || event.metaKey;
      open(chosen && !why ? answerPath(chosen) : ownershipPath(chosen?.name ?? text.trim()));
    }
  };
  return (
    <Box sx={{ fontSize: 14 }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, px: 2, py: 1, borderBottom: 1, borderColor: 'divider' }}>
        <SearchIcon fontSize="small" aria-hidden />
        <InputBase
          autoFocus
          fullWidth
          value={text}
          onChange={event => setText(event.target.value)}
          onKeyDown={onKeyDown}
          placeholder="Who owns … ?"
          sx={{ fontSize: 17 }}
          inputProps={{
            role: 'combobox',
            'aria-label': `Who owns it: ${ownershipPrompt}`,
            'aria-expanded': answers.length > 0,
            'aria-controls': listId,
            'aria-autocomplete': 'list',
            'aria-activedescendant': answers[choice] ? `${listId}-${choice}` : undefined,
            maxLength: queryLimit,
            spellCheck: false,
          }}
        />
      </Box>
      <Box id={listId} role="listbox" aria-label="Answers" sx={{ maxHeight: '50vh', overflowY: 'auto' }}>
        {answers.map((answer, index) => (
          <Box
            key={`${answer.kind} ${answer.name} ${answer.entityRef}`}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === choice}
            onClick={() => open(answerPath(answer))}
            onMouseMove={() => setChoice(index)}
            sx={{ px: 2, py: 1, cursor: 'pointer', bgcolor: index === choice ? 'action.selected' : undefined }}
          >
            <Box sx={{ display: 'flex', gap: 1, justifyContent: 'space-between' }}>
              <Box sx={{ fontWeight: 600, minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis' }}>{answer.title}</Box>
              <Box sx={{ color: 'text.secondary', whiteSpace: 'nowrap' }}>{kindWord[answer.kind]}</Box>
            </Box>
            <Box sx={{ color: 'text.secondary', fontSize: 13 }}>
              owner {answer.owner?.title ?? 'unknown'} · on call {answer.onCall?.title ?? 'nobody on record'}
            </Box>
          </Box>
        ))}
      </Box>
      <Box role="status" sx={{ px: 2, py: 1, fontSize: 13, color: 'text.secondary' }}>
        {note(query, looked)}
      </Box>
    </Box>
  );
}
