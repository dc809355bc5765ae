import { ACTIONS } from './plan.ts'
import { AIMS, type Row } from './report.ts'

const WIDTH = 720
const HEIGHT = 300
const PLOT = { left: 44, top: 44, right: 12, bottom: 30 }
/** Readable on white and on dark: the colours follow the reader's scheme. */
const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .value { font-size: 10px }
    .grid { stroke: #d0d7de } .one { stroke: #57606a } .aim { stroke: #bc4c00; stroke-dasharray: 5 4 } .aim-text { fill: #bc4c00 }
    .c0 { fill: #8fb8e8 } .c1 { fill: #4184c9 } .c2 { fill: #1b4f8f }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .grid { stroke: #30363d } .one { stroke: #9198a1 } .aim { stroke: #f0883e } .aim-text { fill: #f0883e }
      .c0 { fill: #b6d5f7 } .c1 { fill: #6aa6e6 } .c2 { fill: #3573bd }
    }`

/** A bar chart of the p50 ratios: one group per action, one bar per concurrency. */
export function chartOf(rows: readonly Row[]): string {
  const levels = [...new Set(rows.map(({ cell }) => cell.concurrency))]
  const top = Math.max(1.4, Math.ceil(Math.max(...rows.map((row) => row.p50Ratio)) * 5 + 0.2) / 5)
  const y = (ratio: number): number => PLOT.top + (1 - ratio / top) * (HEIGHT - PLOT.top - PLOT.bottom)
  const group = (WIDTH - PLOT.left - PLOT.right) / ACTIONS.length
  const width = (group * 0.72) / levels.length
  const bars = rows.map(({ cell, p50Ratio }) => {
    const level = levels.indexOf(cell.concurrency)
    const x = PLOT.left + ACTIONS.indexOf(cell.action) * group + group * 0.14 + level * width
    const label = `<text x="${round(x + width / 2)}" y="${round(y(p50Ratio) - 4)}" text-anchor="middle" class="value">${p50Ratio.toFixed(2)}</text>`
    return `<rect class="c${level}" x="${round(x)}" y="${round(y(p50Ratio))}" width="${round(width - 2)}" height="${round(y(0) - y(p50Ratio))}"/>${label}`
  })
  const line = (ratio: number, style: string): string =>
    `<line class="${style}" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${round(y(ratio))}" y2="${round(y(ratio))}"/>`
  const ticks = Array.from({ length: Math.floor(top / 0.5) + 1 }, (_, index) => index * 0.5)
  const names = ACTIONS.map(
    (action, index) => `<text x="${round(PLOT.left + (index + 0.5) * group)}" y="${HEIGHT - 10}" text-anchor="middle">${action}</text>`,
  )
  const legend = levels.map(
    (level, index) =>
      `<rect class="c${index}" x="${430 + index * 96}" y="9" width="12" height="12"/><text x="${447 + index * 96}" y="19">${level} at a time</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Median time through the gateway divided by the median time of the same FHIR requests sent bare">
  <style>${STYLE}
  </style>
  <text x="${PLOT.left}" y="19" class="title">Median time, gateway / bare FHIR requests</text>
  ${legend.join('\n  ')}
  ${ticks.map((tick) => `${line(tick, 'grid')}<text x="${PLOT.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${tick.toFixed(1)}</text>`).join('\n  ')}
  ${bars.join('\n  ')}
  ${line(1, 'one')}
  ${line(AIMS.p50Ratio, 'aim')}<text class="aim-text" x="${PLOT.left + 2}" y="${round(y(top) - 6)}">dashed: the aim, ${AIMS.p50Ratio}</text>
  ${names.join('\n  ')}
</svg>
`
}

function round(value: number): string {
  return value.toFixed(1)
}
