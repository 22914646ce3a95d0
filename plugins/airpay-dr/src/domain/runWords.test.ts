import { aFinishedRun, aRun, aStuckRun } from '../../dev/fixtures';
import {
  elapsedMs,
  isOpen,
  liveDetail,
  resultSentence,
  runSentence,
  steeredStep,
  steeringEffect,
  stepMs,
  undoneByAbort,
  upcomingStep,
} from './runWords';

const now = Date.parse('2026-11-21T03:00:00Z');

it('counts elapsed time by the server’s clock and goes on between answers', () => {
  const run = aRun(now, 2);
  expect(elapsedMs(run, 0)).toBe(41_000);
  expect(elapsedMs(run, 900)).toBe(41_900);
  expect(elapsedMs(run, -5_000)).toBe(41_000);
  expect(elapsedMs(aFinishedRun(now), 60_000)).toBe(52_000);
});

it('counts the time of a step', () => {
  const run = aRun(now, 1, {}, 10_000);
  expect(stepMs(run.steps[0], run, 5_000)).toBe(5_000);
  expect(stepMs(run.steps[1], run, 2_000)).toBe(7_000);
  expect(stepMs(run.steps[2], run, 0)).toBeNull();
});

it('says the most telling thing of a step', () => {
  const run = aStuckRun(now);
  expect(liveDetail(run.steps[5])).toMatch(/still in recovery/);
  expect(liveDetail(run.steps[0])).toBe('as expected');
  expect(liveDetail(run.steps[9])).toBe(run.steps[9].effect);
});

it('knows which step is steered and what comes next', () => {
  const run = aStuckRun(now);
  expect(steeredStep(run)?.id).toBe('promote');
  expect(steeredStep({ ...run, currentStepId: null })?.id).toBe('promote');
  expect(upcomingStep(run)?.id).toBe('switch');
});

it('undoes only what changed something and can be undone, newest first', () => {
  expect(undoneByAbort(aRun(now, 3)).map(step => step.id)).toEqual(['fence', 'scale-up']);
  expect(undoneByAbort(aRun(now, 0))).toEqual([]);
});

it('states the effect of steering', () => {
  const run = aRun(now, 3);
  expect(steeringEffect('abort', run, run.steps[3])).toBe(
    'The run stops. Undone, newest first: Fence Region A, Scale up Region B. Payments stay in the region they came from.',
  );
  expect(steeringEffect('skip', run, run.steps[7])).toMatch(/goes on without “Verify with a real payment”/);
  expect(steeringEffect('retry', run, run.steps[3])).toMatch(/runs once more/);
});

it('puts the state in one sentence', () => {
  expect(runSentence(aRun(now, 5))).toBe('5 of 10 steps done. Now: Promote Region B.');
  expect(runSentence(aStuckRun(now))).toBe('5 of 10 steps done. “Promote Region B” needs you.');
  expect(runSentence(aFinishedRun(now))).toBe('No acknowledged payment lost, 2,914 payments checked; payments paused for 4.2 s.');
  expect(isOpen(aStuckRun(now))).toBe(true);
  expect(isOpen(aFinishedRun(now))).toBe(false);
});

it('never calls an unchecked run lossless', () => {
  const result = aFinishedRun(now).result!;
  expect(resultSentence({ ...result, acknowledgedChecked: 0, writeGapMs: null })).toBe(
    'No acknowledged payment could be checked; the write gap could not be measured.',
  );
  expect(resultSentence({ ...result, acknowledgedLost: 1 })).toMatch(/^1 acknowledged payment lost, 2,914/);
  expect(resultSentence(null)).toBeUndefined();
});
