/** What is printed for the day the portal is dead has the steps of the play, in its order and words. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

const infra = path.resolve(import.meta.dirname, '..');

interface Task { name?: string; block?: Task[]; rescue?: Task[] }

/** Titles of the tasks that are steps ("[id] Title"), in the order in which they run; what is done when a step fails is none. */
export function stepsOfPlay(text: string): string[] {
  const walk = (tasks: Task[] = []): Task[] => tasks.flatMap(task => (task.block ? walk(task.block) : [task]));
  return (parse(text) as { tasks?: Task[] }[]).flatMap(play => walk(play.tasks)).flatMap(task => /^\[[a-z-]+\] (.+)$/.exec(task.name ?? '')?.[1] ?? []);
}

/** Headings of the printed plan, which must be numbered from 1. @throws AssertionError when a number is wrong */
export function stepsOfPlan(text: string): string[] {
  const headings = [...text.matchAll(/^## (\d+)\. (.+)$/gm)];
  headings.forEach(([line, number], index) => assert.equal(Number(number), index + 1, line));
  return headings.map(([, , title]) => title!);
}

const read = (file: string) => readFileSync(path.join(infra, file), 'utf8');

describe('recovery plans on paper', () => {
  for (const [plan, play] of [['planned-region-switch', 'region-switch'], ['region-failover', 'failover'], ['failback', 'failback']]) {
    it(`${plan}.md has the steps of ${play}.yml`, () => {
      const steps = stepsOfPlay(read(`ansible/${play}.yml`));
      assert.ok(steps.length >= 9, steps.join());
      assert.deepEqual(stepsOfPlan(read(`recovery-plans/${plan}.md`)), steps);
    });
  }

  it('a step left out, added, renamed or moved is a difference', () => {
    const play = '- tasks:\n    - name: "[fence] Stop it"\n    - block:\n        - name: "[promote] Promote it"\n      rescue:\n        - name: "[undo] Not a step"\n    - name: a detail\n';
    assert.deepEqual(stepsOfPlay(play), ['Stop it', 'Promote it']);
    assert.deepEqual(stepsOfPlan('## 1. Stop it\n\n## 2. Promote it\n'), ['Stop it', 'Promote it']);
    assert.throws(() => stepsOfPlan('## 1. Stop it\n\n## 3. Promote it\n'));
    assert.notDeepEqual(stepsOfPlan('## 1. Promote it\n\n## 2. Stop it\n'), stepsOfPlay(play));
  });

  it('names the options and addresses that the play uses', () => {
    const paper = ['planned-region-switch', 'region-failover', 'failback'].map(plan => read(`recovery-plans/${plan}.md`)).join('\n');
    for (const word of ['standby_cluster', 'synchronous_mode', 'default_transaction_read_only', 'dr_link', 'recovery.fence_probe']) assert.ok(paper.includes(word), word);
    const slot = parse(read('ansible/roles/patroni/defaults/main.yml')).patroni_region_slot;
    assert.ok(paper.includes(`primary_slot_name=${slot}`) && paper.includes(`"primary_slot_name":"${slot}"`));
    const { replication } = parse(read('estate.yaml')).databasePorts;
    assert.ok(paper.includes(`--set=standby_cluster.port=${replication}`));
  });
});
