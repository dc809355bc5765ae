/**
 * Runs a script of this repository under Node 24 or newer, whatever Node started it, and installs the
 * dependencies first where they are missing: every `npm run …` works straight after `git clone`.
 *
 *   node scripts/bootstrap.mjs <script> [arguments …]
 *
 * Plain JavaScript without dependencies: it must run before `npm ci` and on Node 20.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED_NODE = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [script, ...scriptArguments] = process.argv.slice(2)
if (script === undefined) fail('usage: node scripts/bootstrap.mjs <script> [arguments …]')

installDependencies()
run(pickNode(), resolve(root, script), scriptArguments)

/** Prints the message and ends with exit code 1. */
function fail(message) {
  console.error(message)
  process.exit(1)
}

/** Runs `npm ci` when node_modules does not hold what package-lock.json asks for. */
function installDependencies() {
  const reason = missingDependencies()
  if (reason === undefined) return
  // Standard output belongs to the script: that of mcp.ts carries a protocol.
  console.error(`Installing dependencies (${reason}): npm ci`)
  // Inside `npm run`, npm_execpath is npm's own script: the same npm, without a search.
  const npm = process.env.npm_execpath
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const done = spawnSync(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['inherit', 2, 'inherit'],
  })
  if (done.status !== 0) fail('npm ci failed (see above). Mend that, then run the command again.')
}

/** Compares the lock file with npm's own record of what is installed; undefined when they agree. */
function missingDependencies() {
  const installedFile = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return 'node_modules is missing'
  const wanted = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(installedFile)
  const stale = Object.keys(wanted).find(
    (path) => path !== '' && installed[path]?.version !== wanted[path].version && !(installed[path] === undefined && wanted[path].optional),
  )
  return stale === undefined ? undefined : `${stale} is not at version ${wanted[stale].version}`
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
}

/** The Node to run with: this one when new enough, else the one that came with the npm package `node`. */
function pickNode() {
  if (majorVersion(process.version) >= NEEDED_NODE) return process.execPath
  const packaged = [join(root, 'node_modules/node/bin/node'), join(root, 'node_modules/.bin/node')]
  for (const binary of packaged.filter((path) => existsSync(path))) {
    const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
    if (majorVersion(version) >= NEEDED_NODE) return binary
  }
  return fail(
    `Node ${NEEDED_NODE} or newer is needed; found ${process.version} at ${process.execPath}, and node_modules/node has no working binary\n` +
      '(npm leaves it out with --ignore-scripts or ignore-scripts=true in an .npmrc).\n' +
      'Mend it with: npm rebuild node --ignore-scripts=false\n' +
      `or install Node ${NEEDED_NODE} yourself and run the command again.`,
  )
}

function majorVersion(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0)
}

/** Runs the script with our terminal, passes signals on, and ends as it ends. */
function run(node, file, args) {
  const path = [join(root, 'node_modules/.bin'), dirname(node), process.env.PATH].join(delimiter)
  const child = spawn(node, [file, ...args], { stdio: 'inherit', env: { ...process.env, PATH: path } })
  const forward = (signal) => child.kill(signal)
  process.on('SIGTERM', forward)
  process.on('SIGHUP', forward)
  // A terminal sends Ctrl-C to the child by itself; a second copy would cut its orderly stop short.
  process.on('SIGINT', (signal) => process.stdin.isTTY || forward(signal))
  child.on('error', (error) => fail(`Cannot run ${node}: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
