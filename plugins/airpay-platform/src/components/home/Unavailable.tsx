import Box from '@mui/material/Box';
import { StatusMark } from '../shared/StatusMark';

/** A tile whose data did not come; the reason and the retry stand at the top of the page. */
export function Unavailable(props: { what: string }) {
  return (
    <Box sx={{ color: 'text.secondary' }}>
      <StatusMark status="unknown" word={`${props.what} could not be read`} />
    </Box>
  );
}
