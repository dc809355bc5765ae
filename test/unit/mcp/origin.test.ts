import { describe, expect, test } from 'vitest'
import { isWelcomeOrigin } from '../../../src/mcp/origin.ts'

const DEVELOPMENT = { allowed: ['https://chat.example'], local: true }
const PRODUCTION = { allowed: ['https://chat.example'], local: false }

describe('a web page', () => {
  test.for<readonly [origin: string | undefined, host: string, development: boolean, production: boolean]>([
    // A program, not a page.
    [undefined, 'gateway.example', true, true],
    ['https://chat.example', 'gateway.example', true, true],
    // To the letter: another scheme, another port, a name that only begins or ends like it.
    ['http://chat.example', 'gateway.example', false, false],
    ['https://chat.example:8443', 'gateway.example', false, false],
    ['https://chat.example.evil.example', 'gateway.example', false, false],
    ['https://evil-chat.example', 'gateway.example', false, false],
    // The developer's own machine.
    ['http://localhost:5173', '127.0.0.1:3000', true, false],
    ['http://127.0.0.1:3000', '127.0.0.1:3000', true, false],
    ['http://[::1]:3000', '[::1]:3000', true, false],
    ['http://192.168.1.20:3000', '192.168.1.20:3000', true, false],
    ['http://192.168.1.20:3000', '192.168.1.21:3000', false, false],
    ['http://localhost.evil.example', '127.0.0.1:3000', false, false],
    ['http://127.0.0.1.evil.example:3000', '127.0.0.1.evil.example:3000', false, false],
    // DNS rebinding: the page's own name points here now, and the browser says it in both headers.
    ['http://evil.example', 'evil.example', false, false],
    ['http://evil.example:3000', 'evil.example:3000', false, false],
    // No page of anybody: a sandboxed frame, a file, and what is no origin.
    ['null', '127.0.0.1:3000', false, false],
    ['file://', '127.0.0.1:3000', false, false],
    ['http://localhost:3000/', '127.0.0.1:3000', false, false],
    ['http://user@localhost:3000', '127.0.0.1:3000', false, false],
    ['', '127.0.0.1:3000', false, false],
  ])('of %s, asking %s', ([origin, host, development, production]) => {
    expect(isWelcomeOrigin(origin, host, DEVELOPMENT)).toBe(development)
    expect(isWelcomeOrigin(origin, host, PRODUCTION)).toBe(production)
  })
})
