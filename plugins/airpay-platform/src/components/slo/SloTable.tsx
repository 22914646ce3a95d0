import type { SloSummary } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TableSortLabel from '@mui/material/TableSortLabel';
import useMediaQuery from '@mui/material/useMediaQuery';
import type { Theme } from '@mui/material/styles';
import { toggleSort, type ListView, type SortKey } from '../../domain/listView';
import { SloCard } from './SloCard';
import { SloRow } from './SloRow';

const columns: { title: string; sort?: SortKey; right?: boolean; width?: number }[] = [
  { title: 'State', width: 100 },
  { title: 'Service and SLO', sort: 'service' },
  { title: 'Objective', sort: 'objective', right: true, width: 92 },
  { title: 'Availability', sort: 'availability', right: true, width: 106 },
  { title: 'Budget left', sort: 'budget', width: 160 },
  { title: 'Burn now', sort: 'burn', right: true, width: 92 },
  { title: 'Gone in', sort: 'exhaustion', right: true, width: 100 },
  { title: 'Trend, 30 d', width: 116 },
  { title: 'Owner', sort: 'owner', width: 124 },
];

function Head(props: { view: ListView; onChange: (view: ListView) => void }) {
  const { view } = props;
  const direction = view.descending ? 'desc' : 'asc';
  return (
    <TableHead>
      <TableRow>
        {columns.map(column => (
          <TableCell
            key={column.title}
            align={column.right ? 'right' : 'left'}
            sortDirection={column.sort === view.sort && direction}
            sx={{ width: column.width, fontSize: 13, fontWeight: 600, color: 'text.secondary', whiteSpace: 'nowrap', bgcolor: 'transparent' }}
          >
            {column.sort ? (
              <TableSortLabel
                active={column.sort === view.sort}
                direction={direction}
                onClick={() => props.onChange(toggleSort(view, column.sort!))}
              >
                {column.title}
              </TableSortLabel>
            ) : (
              column.title
            )}
          </TableCell>
        ))}
      </TableRow>
    </TableHead>
  );
}

const useNarrow = () => useMediaQuery((theme: Theme) => theme.breakpoints.down('md'));

/** One row per SLO; on a narrow screen one card per SLO. The row leads to the SLO's page. */
export function SloTable(props: { slos: readonly SloSummary[]; view: ListView; onChange: (view: ListView) => void }) {
  const narrow = useNarrow();
  if (narrow) {
    return (
      <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {props.slos.map(slo => (
          <SloCard key={slo.id} slo={slo} />
        ))}
      </Box>
    );
  }
  return (
    <Box sx={{ overflowX: 'auto' }}>
      <Table size="small" aria-label="SLOs" sx={{ minWidth: 1000, '& td, & th': { borderColor: 'divider', px: 1.25 } }}>
        <Head view={props.view} onChange={props.onChange} />
        <TableBody>
          {props.slos.map(slo => (
            <SloRow key={slo.id} slo={slo} />
          ))}
        </TableBody>
      </Table>
    </Box>
  );
}

export function SloTableSkeleton() {
  return (
    <Box role="status" aria-label="Reading the SLOs" sx={{ px: 2, pb: 2 }}>
      {[0, 1, 2, 3].map(row => (
        <Skeleton key={row} height={44} />
      ))}
    </Box>
  );
}
