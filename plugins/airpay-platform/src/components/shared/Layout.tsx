import Box from '@mui/material/Box';
import type { SxProps, Theme } from '@mui/material/styles';
import { useId, type ReactNode } from 'react';

/** The body of a page under Backstage's header: one column, calm margins, as wide as is readable. */
export function PageBody(props: { children: ReactNode }) {
  return (
    <Box
      component="main"
      sx={{
        boxSizing: 'border-box',
        width: '100%',
        maxWidth: 1480,
        mx: 'auto',
        px: { xs: 2, sm: 3 },
        pb: 3,
        display: 'flex',
        flexDirection: 'column',
        gap: 2,
        fontSize: 14,
        lineHeight: 1.5,
        color: 'text.primary',
        minWidth: 0,
      }}
    >
      {props.children}
    </Box>
  );
}

/** A framed part of a page with a heading; `aside` sits at the right of the heading. */
export function Panel(props: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  dense?: boolean;
  sx?: SxProps<Theme>;
}) {
  const headingId = useId();
  return (
    <Box
      component="section"
      aria-labelledby={props.title ? headingId : undefined}
      sx={[
        {
          bgcolor: 'background.paper',
          border: 1,
          borderColor: 'divider',
          borderRadius: 2,
          minWidth: 0,
          display: 'flex',
          flexDirection: 'column',
        },
        ...(Array.isArray(props.sx) ? props.sx : [props.sx]),
      ]}
    >
      {props.title && (
        <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, px: 2, pt: 1.5, minHeight: 36 }}>
          <Heading id={headingId}>{props.title}</Heading>
          <Box sx={{ ml: 'auto', display: 'flex', alignItems: 'center', gap: 1 }}>{props.aside}</Box>
        </Box>
      )}
      <Box sx={{ p: props.dense ? 0 : 2, pt: props.title && !props.dense ? 1 : undefined, minWidth: 0, flex: 1 }}>
        {props.children}
      </Box>
    </Box>
  );
}

export function Heading(props: { id?: string; children: ReactNode }) {
  return (
    <Box
      component="h2"
      id={props.id}
      sx={{ m: 0, fontSize: 13, fontWeight: 600, lineHeight: 1.4, color: 'text.secondary' }}
    >
      {props.children}
    </Box>
  );
}

/** One labelled number: the label small above, the number large, a note below. */
export function Stat(props: { label: string; children: ReactNode; note?: ReactNode }) {
  return (
    <Box sx={{ minWidth: 0 }}>
      <Box sx={{ fontSize: 13, color: 'text.secondary' }}>{props.label}</Box>
      <Box sx={{ fontSize: 26, fontWeight: 600, lineHeight: 1.3, letterSpacing: '-0.01em' }}>{props.children}</Box>
      {props.note && <Box sx={{ fontSize: 13, color: 'text.secondary' }}>{props.note}</Box>}
    </Box>
  );
}
