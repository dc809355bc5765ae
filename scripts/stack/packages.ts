import { join } from 'node:path'
import { capture, runLogged, which } from './command.ts'
import { say } from './console.ts'
import { runDir } from './paths.ts'

/** What to install, by package manager. */
export interface PackageWish {
  /** Reason, shown to the user: "Redis (queue of the gateway)". */
  why: string
  apt: string[]
  brew: string[]
  /** Services that Debian's package starts by itself and that would take a port; they are stopped again. */
  services?: string[]
}

/** Installs by apt-get (as root or by `sudo -n`) or Homebrew. Returns why it could not, or undefined when it is done. */
export async function installPackages(wish: PackageWish): Promise<string | undefined> {
  if (which('brew') !== undefined) return attempt(wish, 'brew', ['brew', 'install', ...wish.brew])
  if (which('apt-get') === undefined) return 'neither apt-get nor Homebrew is here'
  const asRoot = await rootPrefix()
  if (asRoot === undefined) return 'apt-get needs root, and sudo without a password is not possible'
  const apt = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120']
  const install = [...apt, 'install', '--no-install-recommends', ...wish.apt]
  if ((await attempt(wish, 'apt', install)) !== undefined) {
    say('  that failed; refreshing the package lists and trying once more')
    await attempt(undefined, 'apt-update', [...apt, 'update'])
    const failure = await attempt(wish, 'apt', install)
    if (failure !== undefined) return failure
  }
  for (const service of wish.services ?? []) await stopService(asRoot, service)
  return undefined
}

/** The command a person types to install the same. */
export function installCommand(wish: PackageWish): string {
  return process.platform === 'darwin' ? `brew install ${wish.brew.join(' ')}` : `sudo apt-get install ${wish.apt.join(' ')}`
}

/** The words before a command that needs root: none, `sudo -n`, or undefined where neither works. */
async function rootPrefix(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  return (await capture('sudo', ['-n', 'true'])).code === 0 ? ['sudo', '-n'] : undefined
}

async function attempt(wish: PackageWish | undefined, log: string, command: string[]): Promise<string | undefined> {
  const [program = '', ...args] = command
  if (wish !== undefined) say(`Installing ${wish.why}: ${command.join(' ')}`)
  try {
    await runLogged(`${log} at work`, program, args, join(runDir, `install-${log}.log`))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Debian starts a freshly installed service and enables it for the next boot: we run our own, so it is switched off. */
async function stopService(asRoot: string[], service: string): Promise<void> {
  const run = ([program = '', ...args]: string[]): Promise<unknown> => capture(program, args)
  await run([...asRoot, 'systemctl', 'disable', '--now', service])
  await run([...asRoot, 'service', service, 'stop'])
}
