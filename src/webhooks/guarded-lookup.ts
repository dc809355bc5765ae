import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isPublicAddress } from './targets.ts'

/** Asks the name servers (and /etc/hosts) for all addresses of a host. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The host has an address that the gateway does not send to. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
}

/**
 * A look-up for sockets that gives out checked addresses only. The socket connects to exactly these, so there is no moment
 * between check and connection in which a name could come to mean something else (DNS rebinding).
 * One address that is not public condemns the name, whatever the others are: it would be used when they fail.
 */
export function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses
        if (!first) callback(notFound(hostname), '')
        else if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)))
          callback(new TargetRefused('the name leads to an address that is not of the public internet'), '')
        else if (options.all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : notFound(hostname), '')
      },
    )
  }
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' })
}
