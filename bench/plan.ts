/** What a chatbot does, in the order in which a patient's requests follow each other. */
export const ACTIONS = ['availability', 'book', 'hold', 'confirm', 'reschedule', 'cancel'] as const
export type Action = (typeof ACTIONS)[number]

/** So many patients are served at so many at a time. */
export interface Level {
  readonly concurrency: number
  readonly patients: number
  /** Requests of one side before the other has its turn. */
  readonly block: number
}

/** The levels of a run; the first one only warms up. */
export interface BenchPlan {
  /** Patients served by the gateway before anything is measured: a process that has just started costs several times as much. */
  readonly patientsBefore: number
  readonly warmUp: Level
  /** Highest concurrency first: what is slow to warm up is warm when single requests are timed. */
  readonly levels: readonly Level[]
}

const FULL: BenchPlan = {
  patientsBefore: 600,
  warmUp: { concurrency: 8, patients: 80, block: 40 },
  levels: [
    { concurrency: 32, patients: 480, block: 120 },
    { concurrency: 8, patients: 320, block: 40 },
    { concurrency: 1, patients: 160, block: 20 },
  ],
}

const QUICK: BenchPlan = {
  patientsBefore: 200,
  warmUp: { concurrency: 8, patients: 40, block: 40 },
  levels: [
    { concurrency: 32, patients: 96, block: 96 },
    { concurrency: 8, patients: 64, block: 32 },
    { concurrency: 1, patients: 30, block: 15 },
  ],
}

/** The plan of a full or a quick run. */
export function planOf(quick: boolean): BenchPlan {
  return quick ? QUICK : FULL
}

/** The patients of each level, by number: nobody is served on two levels. */
export function patientsOf(plan: BenchPlan): { total: number; of: (level: Level) => number[] } {
  const levels = [plan.warmUp, ...plan.levels]
  const first = (level: Level): number => levels.slice(0, levels.indexOf(level)).reduce((sum, one) => sum + one.patients, 0)
  return {
    total: levels.reduce((sum, level) => sum + level.patients, 0),
    of: (level) => Array.from({ length: level.patients }, (_, index) => first(level) + index),
  }
}
