import CopyIcon from '@mui/icons-material/ContentCopyOutlined';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useState } from 'react';

/** What a person types when the portal is gone, with a button that copies it. */
export const ByHand = ({ text, title }: { text: string; title: string }) => {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied('yes');
    } catch {
      setCopied('failed');
    }
  };
  const words = { no: 'Copy', yes: 'Copied', failed: 'Select the text and copy it' }[copied];
  return (
    <Box>
      <Box sx={{ display: 'flex', alignItems: 'center', justifyContent: 'space-between', gap: 1 }}>
        <Typography variant="body2" fontWeight={600}>
          By hand, if the portal fails
        </Typography>
        <Button size="small" startIcon={<CopyIcon />} onClick={copy} aria-label={`${words}: by hand text of ${title}`}>
          {words}
        </Button>
      </Box>
      <Box
        component="pre"
        tabIndex={0}
        role="region"
        aria-label={`By hand: ${title}`}
        sx={{
          m: 0,
          p: 1.5,
          borderRadius: 1,
          bgcolor: 'action.hover',
          border: 1,
          borderColor: 'divider',
          fontSize: 12,
          lineHeight: 1.6,
          overflowX: 'auto',
          fontFamily: 'ui-monospace, Menlo, Consolas, "Liberation Mono", monospace',
        }}
      >
        {text}
      </Box>
    </Box>
  );
};
