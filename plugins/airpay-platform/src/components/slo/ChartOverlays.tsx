import { useTheme } from '@mui/material/styles';
import { useDrawingArea, useSvgRef, useXScale } from '@mui/x-charts/hooks';
import { useEffect, useId } from 'react';
import { useCursor, useSetCursor } from './cursor';

interface TimeScale {
  (value: Date): number | undefined;
  invert: (pixel: number) => Date;
}

/** Hatched part of the chart that is generated history, and the cursor shared with the charts beside it. */
export function ChartOverlays(props: { sampleUntil: string | null }) {
  const theme = useTheme();
  const hatchId = useId();
  const area = useDrawingArea();
  const scale = useXScale() as unknown as TimeScale;
  const svgRef = useSvgRef();
  const setCursor = useSetCursor();
  const cursorMs = useCursor();

  useEffect(() => {
    const svg = svgRef.current;
    if (!svg) return undefined;
    const move = (event: PointerEvent) => {
      const x = event.clientX - svg.getBoundingClientRect().left;
      const inside = x >= area.left && x <= area.left + area.width;
      setCursor(inside ? scale.invert(x).getTime() : null);
    };
    const leave = () => setCursor(null);
    svg.addEventListener('pointermove', move);
    svg.addEventListener('pointerleave', leave);
    return () => {
      svg.removeEventListener('pointermove', move);
      svg.removeEventListener('pointerleave', leave);
    };
  }, [svgRef, setCursor, scale, area.left, area.width]);

  const right = area.left + area.width;
  const clampX = (x: number) => Math.min(right, Math.max(area.left, x));
  const untilX = props.sampleUntil === null ? area.left : clampX(scale(new Date(props.sampleUntil)) ?? area.left);
  const cursorX = cursorMs === null ? undefined : scale(new Date(cursorMs));
  return (
    <g pointerEvents="none">
      <pattern id={hatchId} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line x1={0} y1={0} x2={0} y2={6} stroke={theme.palette.text.secondary} strokeWidth={1} opacity={0.28} />
      </pattern>
      {untilX > area.left && (
        <rect x={area.left} y={area.top} width={untilX - area.left} height={area.height} fill={`url(#${hatchId})`} />
      )}
      {cursorX !== undefined && cursorX >= area.left && cursorX <= right && (
        <line
          x1={cursorX}
          x2={cursorX}
          y1={area.top}
          y2={area.top + area.height}
          stroke={theme.palette.text.secondary}
          strokeWidth={1}
        />
      )}
    </g>
  );
}
