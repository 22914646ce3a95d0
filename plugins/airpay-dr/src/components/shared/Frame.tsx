import Box from '@mui/material/Box';
import Paper from '@mui/material/Paper';
import Typography from '@mui/material/Typography';
import type { SxProps } from '@mui/material/styles';
import { useId, type ReactNode } from 'react';

/** The content of a page below Backstage's header: one column, at most 1280 px wide. */
export const PageFrame = ({ children }: { children: ReactNode }) => (
  <Box component="main" sx={{ px: { xs: 2, md: 3 }, maxWidth: 1328, width: '100%', display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)', alignContent: 'start', pb: { xs: 12, sm: 4 } }}>
    {children}
  </Box>
);

/** A card with a heading that names it for screen readers. */
export const Section = ({
  title,
  aside,
  children,
  sx,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  sx?: SxProps;
}) => {
  const id = useId();
  return (
    <Paper component="section" variant="outlined" aria-labelledby={id} sx={{ p: 2, borderRadius: 2, minWidth: 0, ...(sx as object) }}>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', justifyContent: 'space-between', columnGap: 2, mb: 1 }}>
        <Typography id={id} variant="h4" component="h2">
          {title}
        </Typography>
        {aside && (
          <Typography component="div" variant="body2" color="text.secondary">
            {aside}
          </Typography>
        )}
      </Box>
      {children}
    </Paper>
  );
};

/** A figure with its name above and its source or comparison below. */
export const Figure = ({ name, value, note }: { name: string; value: ReactNode; note?: ReactNode }) => (
  <Box sx={{ minWidth: 0 }}>
    <Typography variant="body2" color="text.secondary">
      {name}
    </Typography>
    <Typography component="div" sx={{ fontSize: 18, fontWeight: 600, lineHeight: 1.35 }}>
      {value}
    </Typography>
    {note && (
      <Typography component="div" variant="body2" color="text.secondary">
        {note}
      </Typography>
    )}
  </Box>
);
