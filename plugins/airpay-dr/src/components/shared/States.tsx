import type { PartialError } from '@airpay/plugin-airpay-dr-common';
import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Button from '@mui/material/Button';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';

/** What failed, what to do, and the button to do it. */
export const LoadError = ({ what, error, onRetry }: { what: string; error: Error; onRetry: () => void }) => (
  <Alert
    severity="error"
    variant="outlined"
    action={
      <Button color="inherit" size="small" onClick={onRetry}>
        Try again
      </Button>
    }
  >
    <AlertTitle sx={{ mb: 0 }}>{`${what} could not be read`}</AlertTitle>
    {error.message}
  </Alert>
);

/** The last answer stays on the page; this says that it is not fresh and why. */
export const StaleNotice = ({ error, onRetry }: { error: Error; onRetry: () => void }) => (
  <Alert
    severity="warning"
    variant="outlined"
    action={
      <Button color="inherit" size="small" onClick={onRetry}>
        Try now
      </Button>
    }
  >
    {`The portal does not answer; what you see is the last answer. It goes on asking. (${error.message})`}
  </Alert>
);

/** Parts of the answer that failed, beside the parts that did not. */
export const PartialErrors = ({ errors }: { errors: PartialError[] }) =>
  errors.length === 0 ? null : (
    <Alert severity="warning" variant="outlined" icon={false} sx={{ py: 0 }}>
      {errors.map(one => (
        <div key={`${one.source}${one.message}`}>
          <strong>{one.source}</strong>
          {`: ${one.message}`}
        </div>
      ))}
    </Alert>
  );

/** Grey bars in the shape of what is coming. */
export const Loading = ({ what, heights }: { what: string; heights: number[] }) => (
  <Stack spacing={2} role="status" aria-label={`Loading ${what}`}>
    {heights.map((height, index) => (
      <Skeleton key={index} variant="rounded" height={height} />
    ))}
  </Stack>
);
