/** Reads a Dockerfile, as far as this repository's need it: stages, what is copied from where, user, working directory, what is started. Pure. */

export interface Copy {
  /** A stage, or undefined for the build context. */
  from?: string;
  sources: string[];
  target: string;
}

export interface Stage {
  image: string;
  name?: string;
  copies: Copy[];
  user?: string;
  workdir: string;
  entrypoint?: string[];
  command: string[];
  runs: string[];
}

/** @throws Error naming an instruction that is not known here */
export function readDockerfile(text: string): Stage[] {
  const lines = text.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, '').split('\n').filter(line => line.trim() !== '');
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, word, rest] = /^(\S+)\s+(.*)$/.exec(line)!;
    const stage = stages.at(-1);
    if (word === 'FROM') {
      const [image, as, name] = rest!.split(/\s+/);
      stages.push({ image: image!, ...(as === 'AS' ? { name: name! } : {}), copies: [], workdir: '/', command: [], runs: [] });
    } else if (!stage) {
      throw new Error(`${word} before the first FROM`);
    } else if (word === 'COPY') {
      const words = rest!.split(/\s+/);
      const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined;
      if (words.some(one => one.startsWith('--'))) throw new Error(`an option of COPY that is not known here: ${rest}`);
      stage.copies.push({ ...(from === undefined ? {} : { from }), sources: words.slice(0, -1), target: words.at(-1)! });
    } else if (word === 'WORKDIR') stage.workdir = rest!;
    else if (word === 'USER') stage.user = rest!;
    else if (word === 'CMD') stage.command = JSON.parse(rest!);
    else if (word === 'ENTRYPOINT') stage.entrypoint = JSON.parse(rest!);
    else if (word === 'RUN') stage.runs.push(rest!);
    else if (word !== 'ENV' && word !== 'EXPOSE') throw new Error(`${word} is not known here`);
  }
  return stages;
}

/** What is wrong with an image's recipe; empty when nothing is. */
export function faultsOf(stages: Stage[]): string[] {
  const faults: string[] = [];
  for (const { image } of stages) {
    if (!/^[a-z0-9./-]+:[A-Za-z0-9._-]+@sha256:(?!0{64}$)[0-9a-f]{64}$/.test(image)) faults.push(`${image} is not pinned by digest`);
  }
  const last = stages.at(-1)!;
  if (!/^[1-9]\d{3,}:[1-9]\d{3,}$/.test(last.user ?? '')) faults.push(`runs as ${last.user ?? 'what the base says'}, not as a numbered user without rights`);
  if (last.command.length === 0) faults.push('starts nothing');
  for (const { from } of stages.flatMap(stage => stage.copies)) {
    if (from !== undefined && !stages.some(stage => stage.name === from)) faults.push(`copies from ${from}, which is no stage`);
  }
  if (last.copies.some(copy => copy.from === undefined && copy.sources.includes('.'))) faults.push('copies the whole build context into what runs');
  for (const run of stages.flatMap(stage => stage.runs)) {
    if (/\b(curl|wget)\b|@latest\b|https?:\/\//.test(run)) faults.push(`fetches what nothing pins: ${run}`);
  }
  return faults;
}
