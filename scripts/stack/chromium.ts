import { existsSync } from 'node:fs'
import { which } from './command.ts'
import { StackError } from './console.ts'
import { installCommand, installPackages, type PackageWish } from './packages.ts'

const WISH: PackageWish = {
  why: 'Chromium (opens the demo page in the tests)',
  // Chromium without fonts draws boxes; the second one has the symbols.
  apt: ['chromium', 'fonts-open-sans', 'fonts-dejavu-core'],
  brew: ['chromium'],
}

/** The path of a Chromium or Chrome; installs Chromium when there is none. */
export async function ensureChromium(): Promise<string> {
  const found = findChromium()
  if (found !== undefined) return found
  const failure = await installPackages(WISH)
  const installed = findChromium()
  if (installed !== undefined) return installed
  throw new StackError(
    `Chromium is missing and could not be installed (${failure ?? 'no chromium after the installation'}).\nInstall it with: ${installCommand(WISH)}`,
  )
}

/** On PATH under the names that Debian, Fedora, Homebrew and Google give it, or as an application of macOS. */
function findChromium(): string | undefined {
  const onPath = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map((name) => which(name))
  return onPath.find((path) => path !== undefined) ?? MAC_APPLICATIONS.find((path) => existsSync(path))
}

const MAC_APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
