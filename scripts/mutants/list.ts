import { CLAIM_MUTANTS } from './claim-mutants.ts'
import { READING_MUTANTS } from './reading-mutants.ts'
import { WRITE_MUTANTS } from './write-mutants.ts'
import type { Mutant } from './mutant.ts'

/** Every planted defect. The test suites without servers have to notice each of them. */
export const MUTANTS: readonly Mutant[] = [...WRITE_MUTANTS, ...CLAIM_MUTANTS, ...READING_MUTANTS]
