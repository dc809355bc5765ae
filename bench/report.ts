import { cpus } from 'node:os'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repoRoot } from '../scripts/stack/paths.ts'
import { quantile, type Cell, type Tally } from './measure.ts'
import { ACTIONS } from './plan.ts'

/** What the gateway may cost. Ratios are gateway / bare; CPU counts for writes only. */
export const AIMS = { p50Ratio: 1.15, throughputRatio: 0.9, writeCpuMs: 2 } as const

/** The figures of a cell that are shown. */
export interface Row {
  readonly cell: Cell
  readonly p50Ratio: number
  readonly throughputRatio: number
}

/** Rows by concurrency, then by action. */
export function rowsOf(cells: readonly Cell[]): Row[] {
  return [...cells]
    .sort((a, b) => a.concurrency - b.concurrency || ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action))
    .map((cell) => ({
      cell,
      p50Ratio: quantile(cell.gateway.latencies, 0.5) / quantile(cell.bare.latencies, 0.5),
      throughputRatio: throughput(cell.gateway) / throughput(cell.bare),
    }))
}

const HEAD = [
  'at a time',
  'action',
  'gateway p50',
  'p99',
  'per s',
  'bare p50',
  'p99',
  'per s',
  'p50 ratio',
  'per s ratio',
  'round trips',
  'gateway CPU',
]

/** The table, readable as text and as Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const written = lines.map(
    (line) =>
      `| ${line.map((text, column) => (column === 1 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`,
  )
  const rule = `|${widths.map((width, column) => (column === 1 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [written[0], rule, ...written.slice(1)].join('\n')
}

/** Whether each aim was reached, and where not. */
export function aimLines(rows: readonly Row[]): string[] {
  const name = ({ cell }: Row): string => `${cell.action} at ${cell.concurrency}`
  const judge = (aim: string, all: readonly Row[], value: (row: Row) => number, holds: (value: number) => boolean): string => {
    const missed = all.filter((row) => !holds(value(row)))
    if (missed.length === 0) return `${aim}: reached in all ${all.length} rows`
    return `${aim}: NOT reached in ${missed.length} of ${all.length} rows (${missed.map((row) => `${name(row)}: ${value(row).toFixed(2)}`).join(', ')})`
  }
  const writes = rows.filter(({ cell }) => cell.action !== 'availability')
  return [
    judge(
      `p50 at most ${AIMS.p50Ratio} x bare`,
      rows,
      (row) => row.p50Ratio,
      (value) => value <= AIMS.p50Ratio,
    ),
    judge(
      `throughput at least ${AIMS.throughputRatio} x bare`,
      rows,
      (row) => row.throughputRatio,
      (value) => value >= AIMS.throughputRatio,
    ),
    judge(
      `under ${AIMS.writeCpuMs} ms of gateway CPU per write`,
      writes,
      (row) => row.cell.cpuMs,
      (value) => value < AIMS.writeCpuMs,
    ),
  ]
}

/** bench/results.md. @param loadBefore load average of the machine before anything of the bench ran */
export function resultsPage(rows: readonly Row[], quick: boolean, loadBefore: number): string {
  const hapi = /<hapi\.version>([^<]+)</.exec(readFileSync(join(repoRoot, 'hapi/pom.xml'), 'utf8'))?.[1] ?? 'unknown'
  return `# What the gateway costs

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}${quick ? ' (short run)' : ''}: Node ${process.version}, HAPI FHIR ${hapi} on PostgreSQL,
${cpus().length} cores for everything together (load generator, gateway, HAPI, database). [README.md](README.md) says what is measured.
Load average before the run: ${loadBefore.toFixed(1)} (near 0 on a machine that does nothing else).
Times in milliseconds. Absolute times are this machine's and noisy; the ratios (gateway / bare) are what counts.

![Ratio of the p50 times, gateway to bare](results.svg)

${tableOf(rows)}

Aims:

${aimLines(rows)
  .map((line) => `- ${line}`)
  .join('\n')}
`
}

function cellsOf({ cell, p50Ratio, throughputRatio }: Row): string[] {
  const { gateway, bare } = cell
  return [
    String(cell.concurrency),
    cell.action,
    ...timesOf(gateway),
    ...timesOf(bare),
    p50Ratio.toFixed(2),
    throughputRatio.toFixed(2),
    (gateway.roundTrips / gateway.latencies.length).toFixed(2),
    cell.cpuMs.toFixed(2),
  ]
}

function timesOf(tally: Tally): string[] {
  return [quantile(tally.latencies, 0.5).toFixed(1), quantile(tally.latencies, 0.99).toFixed(1), throughput(tally).toFixed(0)]
}

function throughput({ latencies, seconds }: Tally): number {
  return latencies.length / seconds
}
