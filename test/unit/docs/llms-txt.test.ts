import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildTools } from '../../../src/tools/catalog.ts'
import { memoryGateway } from '../helpers/memory-gateway.ts'

const text = readFileSync('llms.txt', 'utf8')

describe('llms.txt', () => {
  test('has the order of llmstxt.org: a title, what it is in a quote, then lists of links under headings', () => {
    const lines = text.split('\n')
    expect(lines[0]).toMatch(/^# /)
    expect(lines.find((line, index) => index > 0 && line !== '')).toMatch(/^> /)
    const links = lines.slice(lines.indexOf('## Docs')).filter((line) => line.startsWith('- '))
    for (const link of links) expect(link).toMatch(/^- \[[^\]]+\]\([^)]+\): ./)
  })

  test('names every tool, and no other', () => {
    const named = Array.from(text.matchAll(/^- `([a-z_]+)`: /gm), ([, name]) => name)
    const tools = buildTools(memoryGateway().gateway).map(({ name }) => name)
    expect(named.sort()).toEqual([...tools].sort())
  })

  test('links what the gateway serves, and pages that are there', () => {
    const links = Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, link = '']) => link)
    expect(links.filter((link) => link.startsWith('/')).sort()).toEqual(['/docs', '/openapi.json'])
    for (const link of links.filter((one) => !one.startsWith('/'))) expect(existsSync(link), link).toBe(true)
  })

  test('travels with the image', () => {
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^COPY .*\bllms\.txt\b/m)
    expect(readFileSync('.dockerignore', 'utf8')).toContain('!llms.txt')
  })
})
