/**
 * npm run mutants                     plants every defect of scripts/mutants/ into a copy of the sources, one at a time, and runs the
 *                                     tests without servers on it: each of them has to be noticed
 * npm run mutants -- guard expiry     only those whose name contains one of the texts
 *
 * Exit code 1 when a mutant survives, or does not fit the sources any more.
 */
import { readArguments } from './stack/arguments.ts'
import { runScript, say, secondsSince, StackError } from './stack/console.ts'
import { firstFailure, type Suite } from './mutants/judge.ts'
import { MUTANTS } from './mutants/list.ts'
import type { Mutant } from './mutants/mutant.ts'
import { MutantTree } from './mutants/tree.ts'

const SUITES: readonly Suite[] = ['simulation', 'unit']

interface Verdict {
  readonly mutant: Mutant
  /** Absent: nothing has noticed it. */
  readonly noticed?: { readonly by: Suite; readonly as: string }
}

await runScript(async () => {
  const { words } = readArguments([], 'npm run mutants -- [text in a name …]')
  const chosen = MUTANTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  if (chosen.length === 0) throw new StackError(`No mutant is called so. There are:\n${MUTANTS.map(({ name }) => `  ${name}`).join('\n')}`)
  const started = Date.now()
  const tree = new MutantTree()
  await assertSound(tree)
  const verdicts: Verdict[] = []
  for (const mutant of chosen) verdicts.push(await judge(tree, mutant))
  return report(verdicts, secondsSince(started))
})

/** A suite that fails anyway would notice everything. */
async function assertSound(tree: MutantTree): Promise<void> {
  for (const suite of SUITES) {
    const failure = await firstFailure(tree.dir, suite)
    if (failure !== undefined) throw new StackError(`The tests fail without any mutant: ${failure}`)
  }
  say('The tests pass on the sources as they are.\n')
}

async function judge(tree: MutantTree, mutant: Mutant): Promise<Verdict> {
  const started = Date.now()
  const verdict = await tree.with(mutant, async (): Promise<Verdict> => {
    for (const by of SUITES) {
      const as = await firstFailure(tree.dir, by)
      if (as !== undefined) return { mutant, noticed: { by, as } }
    }
    return { mutant }
  })
  const how = verdict.noticed ? `noticed by ${verdict.noticed.by.padEnd(10)} ${verdict.noticed.as}` : `SURVIVES. ${mutant.danger}`
  say(`${String(secondsSince(started)).padStart(3)} s  ${mutant.name.padEnd(widest())}  ${how}`)
  return verdict
}

function widest(): number {
  return Math.max(...MUTANTS.map(({ name }) => name.length))
}

function report(verdicts: readonly Verdict[], seconds: number): number {
  const survivors = verdicts.filter(({ noticed }) => noticed === undefined)
  const bySimulation = verdicts.filter(({ noticed }) => noticed?.by === 'simulation').length
  say(`\n${verdicts.length - survivors.length} of ${verdicts.length} mutants noticed, ${bySimulation} of them by the simulation; ${seconds} s`)
  for (const { mutant } of survivors) say(`SURVIVES: ${mutant.name} (${mutant.file}). ${mutant.danger}`)
  return survivors.length > 0 ? 1 : 0
}
