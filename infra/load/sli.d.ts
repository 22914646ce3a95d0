import type { Objectives } from './objectives.ts';
export function failed(status: number): boolean;
export function declined(status: number): boolean;
export function made(status: number): boolean;
export function slow(milliseconds: number, objectives: Objectives): boolean;
export function thresholds(objectives: Objectives): Record<string, string[]>;
export function share(percent: number): string;
export function holds(bad: number, all: number, percent: number): boolean;
