import { styleText } from 'node:util'
import { say } from '../stack/console.ts'

/** From this many columns on, the conversation and the EHR stand side by side. */
const WIDE_COLUMNS = 110
const MOST_COLUMNS = 170
const GUTTER = '  |  '
/** Share of the conversation in a wide terminal. */
const LEFT_SHARE = 0.56

/** How a line looks on a terminal; without one it is plain text. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'bad'

/** A line of a column. What is too long goes on below, indented by `hang`. */
export interface Line {
  readonly text: string
  readonly tone?: Tone
  readonly hang?: number
}

const STYLES = { plain: 'reset', strong: 'bold', dim: 'dim', good: 'green', bad: 'red' } as const

/** Prints a headline. */
export function printTitle(text: string): void {
  say(`\n${colour(text, 'strong')}`)
}

/** Prints the conversation with the EHR beside it, or below it where the terminal is narrow or none at all. */
export function printColumns(left: readonly Line[], right: readonly Line[]): void {
  const columns = Math.min(process.stdout.isTTY ? process.stdout.columns : 0, MOST_COLUMNS)
  if (columns < WIDE_COLUMNS) {
    for (const line of [...left, ...right.map(asAside)]) for (const part of wrap(line, Math.max(columns, WIDE_COLUMNS))) printPart(part)
    return
  }
  const width = Math.floor((columns - GUTTER.length) * LEFT_SHARE)
  const lefts = left.flatMap((line) => wrap(line, width))
  const rights = right.flatMap((line) => wrap(line, columns - GUTTER.length - width))
  for (let row = 0; row < Math.max(lefts.length, rights.length); row += 1) {
    const [one, other] = [lefts[row], rights[row]]
    const padding = ' '.repeat(width - (one?.text.length ?? 0))
    say(`${one ? styled(one) : ''}${padding}${colour(GUTTER, 'dim')}${other ? styled(other) : ''}`.trimEnd())
  }
}

/** Text in a tone, on a terminal that shows colours. */
export function colour(text: string, tone: Tone): string {
  return tone === 'plain' ? text : styleText(STYLES[tone], text, { stream: process.stdout })
}

function asAside(line: Line): Line {
  return { ...line, text: `    EHR: ${line.text}`, hang: (line.hang ?? 0) + 9 }
}

function printPart(line: Line): void {
  say(styled(line))
}

function styled(line: Line): string {
  return colour(line.text, line.tone ?? 'plain')
}

function wrap(line: Line, width: number): Line[] {
  const parts: string[] = []
  let rest = line.text
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    const cut = space > (line.hang ?? 0) ? space : width
    parts.push(rest.slice(0, cut))
    rest = ' '.repeat(line.hang ?? 0) + rest.slice(cut).trimStart()
  }
  return [...parts, rest].map((text) => ({ ...line, text }))
}
