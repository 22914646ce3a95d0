export * from './types';
export * from './permissions';
export * from './conventions';
export * from './slo';
