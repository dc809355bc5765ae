import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repoRoot, runDir } from '../stack/paths.ts'
import { plant, type Mutant } from './mutant.ts'

/** What the tests without servers need of the checkout, with the files at the top that some of them read. */
const PARTS = [
  ...['src', 'test', 'scripts', 'mappings', 'bench', 'docs', 'hapi/src', '.ci'],
  ...['llms.txt', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'Dockerfile', '.dockerignore', 'docker-compose.yml', 'docker-compose.dev.yml'],
  ...['redocly.yaml', '.dependency-cruiser.cjs', 'package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts'],
]

/** A copy of the checkout in which sources may be spoilt. */
export class MutantTree {
  readonly dir = join(runDir, 'mutants')

  constructor() {
    rmSync(this.dir, { recursive: true, force: true })
    mkdirSync(this.dir, { recursive: true })
    for (const part of PARTS) cpSync(join(repoRoot, part), join(this.dir, part), { recursive: true })
    symlinkSync(join(repoRoot, 'node_modules'), join(this.dir, 'node_modules'))
  }

  /** Runs something with the defect planted, and takes it out again. @throws Error when its text is not in the file */
  async with<T>(mutant: Mutant, run: () => Promise<T>): Promise<T> {
    const file = join(this.dir, mutant.file)
    const source = readFileSync(file, 'utf8')
    writeFileSync(file, plant(mutant, source))
    try {
      return await run()
    } finally {
      writeFileSync(file, source)
    }
  }
}
