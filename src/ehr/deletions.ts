import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange, FhirHttp } from './fhir-http.ts'

/** How often a deletion is tried: HAPI refuses one now and then while it is still at work on the row. */
const TRIES = 3
/** The pause before the second try, in milliseconds; before the third it is twice as long. */
const PAUSE_MS = 200
/** A deletion of something that is not there has nothing left to do. */
const GONE = [200, 202, 204, 404, 410]

/**
 * Deletes resources one by one, those that others refer to last.
 * @param urls `Type/id`
 * @param timeoutMs for each request
 * @returns what is still there, or may be
 */
export async function deleteAll(http: Pick<FhirHttp, 'request'>, urls: readonly string[], timeoutMs: number): Promise<readonly string[]> {
  let left = urls
  for (let tries = 0; tries < TRIES && left.length > 0; tries++) {
    if (tries > 0) await sleep(PAUSE_MS * tries)
    left = await deleteOnce(http, left, timeoutMs)
  }
  return left
}

async function deleteOnce(http: Pick<FhirHttp, 'request'>, urls: readonly string[], timeoutMs: number): Promise<string[]> {
  const left: string[] = []
  for (const [index, url] of urls.entries()) {
    const answer = await http.request('DELETE', url, {}, timeoutMs)
    // Where no connection is made, the next ones would only wait for theirs.
    if (answer.kind === 'broken' && !answer.sent) return [...left, ...urls.slice(index)]
    if (!isGone(answer)) left.push(url)
  }
  return left
}

function isGone(answer: Exchange): boolean {
  return answer.kind === 'answer' && GONE.includes(answer.status)
}
