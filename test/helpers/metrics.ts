import type { Api } from './api.ts'

/** The value of a metric of a gateway, e.g. `fsg_ehr_breaker_state{kind="read"}`; 0 where it is not there yet. */
export async function metric(api: Api, name: string): Promise<number> {
  const { body } = await api.get('/metrics')
  const line = String(body['text'])
    .split('\n')
    .find((candidate) => candidate.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}
