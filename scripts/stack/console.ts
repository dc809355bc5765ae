const PROGRESS_SECONDS = 5

/** A problem the user can mend: its message is printed as it stands, without a stack trace. */
export class StackError extends Error {
  override name = 'StackError'
}

/** Prints one line of progress. */
export function say(line: string): void {
  console.log(line)
}

/** Prints "label ... 5 s" every few seconds until the work is done. */
export async function withProgress<T>(label: string, work: Promise<T>): Promise<T> {
  const started = Date.now()
  const timer = setInterval(() => {
    say(`  ${label} ... ${secondsSince(started)} s`)
  }, PROGRESS_SECONDS * 1000)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Whole seconds since an instant in milliseconds. */
export function secondsSince(startedMs: number): number {
  return Math.round((Date.now() - startedMs) / 1000)
}

/** Runs a command-line script: a StackError becomes its message and exit code 1, any other error is a defect. */
export async function runScript(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof StackError)) throw error
    console.error(`\n${error.message}`)
    process.exitCode = 1
  }
}
