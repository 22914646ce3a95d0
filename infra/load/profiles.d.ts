import type { Objectives } from './objectives.ts';
export interface Profile { why: string; stages: [number, number][]; abortOnFail?: boolean }
export const profiles: Record<'ramp' | 'spike' | 'soak' | 'capacity', Profile>;
export function seconds(name: keyof typeof profiles): number;
export function rateAt(name: keyof typeof profiles, second: number, highest: number): number;
export function shortened(name: keyof typeof profiles, total: number): [number, number][];
export function options(name: string, given: { rate: number; objectives: Objectives; thresholds: (objectives: Objectives) => Record<string, string[]> }): any;
