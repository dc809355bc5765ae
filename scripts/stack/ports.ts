import { randomInt } from 'node:crypto'
import { createConnection, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { StackError } from './console.ts'

const LOOPBACK = '127.0.0.1'

/** Whether nothing listens on the port. Asks both ways: macOS lets one bind 127.0.0.1 beside a listener on all addresses. */
export async function isPortFree(port: number): Promise<boolean> {
  if (await canConnect(port)) return false
  const server = await listen(port)
  if (server === undefined) return false
  await close(server)
  return true
}

/**
 * Picks different free ports, below those which the system hands out to clients: a client that keeps calling a
 * stopped server on such a port may be given that very port itself, and then the server cannot come back.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count && tries < 1000; tries += 1) {
    const port = randomInt(20_000, 32_000)
    if (await isPortFree(port)) ports.add(port)
  }
  if (ports.size < count) throw new StackError('No free port found on 127.0.0.1.')
  return [...ports]
}

/** Throws an error that names the variable which moves the port, when something else listens on it. */
export async function requireFreePort(port: number, title: string, variable: string | undefined): Promise<void> {
  // A server that has just ended may hold its port for a moment.
  for (let tries = 0; tries < 5; tries += 1) {
    if (await isPortFree(port)) return
    await sleep(400)
  }
  const move = variable === undefined ? '' : `, or move ${title} with the variable ${variable}, for example ${variable}=${port + 1}`
  throw new StackError(`Port ${port} (for ${title}) is taken by another program. Stop that program${move}.`)
}

/** A port from the environment; undefined when the variable is not set. */
export function portFromEnvironment(variable: string): number | undefined {
  const text = process.env[variable]
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new StackError(`${variable}=${text} is not a port number (1 to 65535).`)
  return port
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: LOOPBACK, port, timeout: 1000 })
    const answer = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.on('connect', () => {
      answer(true)
    })
    socket.on('timeout', () => {
      answer(true)
    })
    socket.on('error', () => {
      answer(false)
    })
  })
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(undefined)
    })
    server.listen({ host: LOOPBACK, port }, () => {
      resolve(server)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
  })
}
