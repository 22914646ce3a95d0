import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLive, type Pod, type Process } from './cluster-api-model.ts';
import { applyPatch } from './cluster-api-patch.ts';
import { nextToReplace, restartCount, syncPods } from './cluster-api-pods.ts';
import { parseFieldSelector, parseLabelSelector } from './cluster-api-selector.ts';

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const states = ['starting', 'healthy', 'unhealthy', 'stopped', 'failed'] as const;

describe('pods follow processes', () => {
  it('keeps its promises over 500 random histories', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = seeded(seed);
      let made = 0;
      const make = (): Pod => ({ name: `pod-${(made += 1)}`, uid: '', createdAt: '', templateHash: 'h', restartsBefore: 0 });
      const processes: Process[] = [1, 2, 3, 4].map(slot => ({ name: `p${slot}`, region: 'r', port: slot, pid: 1, state: 'stopped', startedAt: null, restarts: 0 }));
      let pods: Pod[] = [];
      for (let step = 0; step < 30; step += 1) {
        for (const process of processes) if (random() < 0.3) process.state = states[Math.floor(random() * states.length)]!;
        const replicas = Math.floor(random() * 6);
        const before = new Map(pods.map(pod => [pod.process, pod.name]));
        pods = syncPods(pods, replicas, processes, make).pods;
        const live = processes.filter(isLive).map(process => process.name);
        const bound = pods.flatMap(pod => (pod.process === undefined ? [] : [pod.process]));
        const at = `seed ${seed} step ${step}`;
        assert.deepEqual([...bound].sort(), [...live].sort(), `${at}: each live process is one pod`);
        assert.equal(pods.length, Math.max(replicas, live.length), at);
        assert.equal(new Set(pods.map(pod => pod.name)).size, pods.length, at);
        for (const pod of pods) {
          if (pod.process !== undefined && before.has(pod.process)) assert.equal(pod.name, before.get(pod.process), `${at}: a pod keeps its name while its process lives`);
        }
        const again = syncPods(pods, replicas, processes, make);
        assert.deepEqual([again.pods, again.events], [pods, []], `${at}: looking twice changes nothing`);
      }
    }
  });

  it('counts restarts from where the pod began', () => {
    const pod = { restartsBefore: 3 } as Pod;
    assert.deepEqual([5, 3, 2, 0].map(restarts => restartCount(pod, { restarts } as Process)), [2, 0, 0, 0]);
  });

  it('replaces old pods one at a time, broken ones first, and waits while another is not ready', () => {
    const pod = (name: string, hash: string) => ({ name, process: name, templateHash: hash }) as Pod;
    const process = (name: string, state: Process['state'], restarts = 0, startedAt = '2026-01-01T10:00:00.000Z') => ({ name, state, restarts, startedAt }) as Process;
    const pods = [pod('a', 'old'), pod('b', 'old')];
    assert.equal(nextToReplace(pods, [process('a', 'healthy'), process('b', 'healthy')], 'new')?.name, 'a');
    assert.equal(nextToReplace(pods, [process('a', 'healthy'), process('b', 'failed')], 'new')?.name, 'b');
    assert.equal(nextToReplace([pod('a', 'new'), pod('b', 'old')], [process('a', 'starting'), process('b', 'healthy')], 'new'), undefined);
    assert.equal(nextToReplace([pod('a', 'new')], [process('a', 'healthy')], 'new'), undefined);
    // What was told to end is no reason to end the next, however healthy it looks until it is gone.
    const replaced = { ...pod('a', 'new'), restartsBefore: 1, createdAt: '2026-01-01T11:00:00.000Z' };
    const other = process('b', 'healthy');
    assert.equal(nextToReplace([replaced, pod('b', 'old')], [process('a', 'healthy'), other], 'new'), undefined);
    assert.equal(nextToReplace([replaced, pod('b', 'old')], [process('a', 'healthy', 1, '2026-01-01T11:00:03.000Z'), other], 'new')?.name, 'b');
    // A supervisor that was started anew counts from nothing.
    assert.equal(nextToReplace([replaced, pod('b', 'old')], [process('a', 'healthy', 0, '2026-01-01T11:00:03.000Z'), other], 'new')?.name, 'b');
  });
});

describe('selectors', () => {
  it('reads equality and sets as the API does', () => {
    const labels = { app: 'ledger', tier: '0', 'backstage.io/kubernetes-id': 'ledger' };
    const cases: [string, boolean][] = [
      ['', true], ['app=ledger', true], ['app==ledger,tier=1', false], ['app!=other', true], ['none!=x', true], ['app in (x, ledger)', true],
      ['app notin (ledger)', false], ['none notin (x)', true], ['none in (x)', false], ['tier', true], ['!tier', false], ['!none,backstage.io/kubernetes-id=ledger', true],
    ];
    for (const [selector, expected] of cases) assert.equal(parseLabelSelector(selector)(labels), expected, selector);
    for (const bad of ['app in ledger', 'a=b=c', 'app in (', '=x', 'a b']) assert.throws(() => parseLabelSelector(bad), SyntaxError, bad);
    assert.equal(parseFieldSelector('metadata.name=x,status.phase!=Running')({ metadata: { name: 'x' }, status: { phase: 'Pending' } }), true);
    assert.throws(() => parseFieldSelector('nonsense'), SyntaxError);
  });
});

describe('patches', () => {
  const object = { metadata: { annotations: { a: '1', b: '2' } }, spec: { replicas: 2, containers: [{ name: 'x', image: 'i' }, { name: 'y' }] } };

  it('merges maps, removes by null, replaces lists unless the patch is strategic', () => {
    const before = structuredClone(object);
    assert.deepEqual(applyPatch(object, { metadata: { annotations: { a: null, c: '3' } } }, 'merge'), { ...object, metadata: { annotations: { b: '2', c: '3' } } });
    assert.deepEqual((applyPatch(object, { spec: { containers: [{ name: 'y', image: 'j' }] } }, 'strategic') as typeof object).spec.containers, [{ name: 'x', image: 'i' }, { name: 'y', image: 'j' }]);
    assert.deepEqual((applyPatch(object, { spec: { containers: [{ name: 'z' }] } }, 'merge') as typeof object).spec.containers, [{ name: 'z' }]);
    assert.deepEqual(object, before, 'the given object stays as it was');
  });

  it('applies JSON patches or refuses them whole', () => {
    assert.equal((applyPatch(object, [{ op: 'test', path: '/spec/replicas', value: 2 }, { op: 'replace', path: '/spec/replicas', value: 3 }], 'json') as typeof object).spec.replicas, 3);
    assert.deepEqual((applyPatch(object, [{ op: 'add', path: '/metadata/annotations/x~1y', value: 'z' }], 'json') as any).metadata.annotations['x/y'], 'z');
    for (const bad of [[{ op: 'replace', path: '/none/x', value: 1 }], [{ op: 'remove', path: '/spec/none' }], [{ op: 'test', path: '/spec/replicas', value: 9 }], [{ op: 'copy', path: '/spec/replicas' }], {}, [{}]]) {
      assert.throws(() => applyPatch(object, bad, 'json'), SyntaxError, JSON.stringify(bad));
    }
    assert.equal(object.spec.replicas, 2);
  });

  it('does not reach into prototypes', () => {
    assert.throws(() => applyPatch({}, JSON.parse('{"__proto__":{"bad":1}}'), 'merge'), SyntaxError);
    assert.throws(() => applyPatch({}, [{ op: 'add', path: '/__proto__/bad', value: 1 }], 'json'), SyntaxError);
    assert.equal(({} as any).bad, undefined);
  });
});
