/** A defect planted into the sources: one text in one file, and what stands there instead. */
export interface Mutant {
  /** What is wrong, in a few words. */
  readonly name: string
  /** Why that would be dangerous. */
  readonly danger: string
  readonly file: string
  /** Stands exactly once in the file. */
  readonly text: string
  readonly replacement: string
}

/** The source with the defect in it. @throws Error when the text is not there (any more), or more than once */
export function plant(mutant: Mutant, source: string): string {
  const places = source.split(mutant.text).length - 1
  if (places === 1) return source.replace(mutant.text, () => mutant.replacement)
  const found = places === 0 ? 'is not there any more' : `stands there ${places} times`
  throw new Error(`the mutant "${mutant.name}" does not fit ${mutant.file}: its text ${found}. Adapt it in scripts/mutants/.\n${mutant.text}`)
}
