import { describe, expect, test } from 'vitest'
import { Sealer } from '../../../src/crypto/sealer.ts'

const [OLD, NEW] = ['the old secret, 32 bytes or longer', 'the new secret, 32 bytes or longer'] as const
const PAYLOAD = { caller: { patient: 'Patient/nora-fields' }, since: 7 }

describe('a sealed payload', () => {
  test('opens again, and shows nothing of what is in it', async () => {
    const sealed = await new Sealer([NEW]).seal(PAYLOAD)
    expect(sealed).not.toMatch(/nora|patient/i)
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toMatch(/nora/)
    expect(await new Sealer([NEW]).open(sealed)).toEqual(PAYLOAD)
  })

  test('is another text each time', async () => {
    const sealer = new Sealer([NEW])
    expect(await sealer.seal(PAYLOAD)).not.toBe(await sealer.seal(PAYLOAD))
  })

  test('of the old secret opens while secrets rotate, and not afterwards', async () => {
    const sealed = await new Sealer([OLD]).seal(PAYLOAD)
    expect(await new Sealer([NEW, OLD]).open(sealed)).toEqual(PAYLOAD)
    await expect(new Sealer([NEW]).open(sealed)).rejects.toThrow('unknown key')
  })

  test('does not open when it was altered', async () => {
    const sealer = new Sealer([NEW])
    const sealed = await sealer.seal(PAYLOAD)
    const at = sealed.length - 30
    await expect(sealer.open(sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1))).rejects.toThrow()
  })

  test('is no patient token and the other way round: each purpose has its own key', async () => {
    const { PatientTokens } = await import('../../../src/intake/patient-token.ts')
    const { token } = await new PatientTokens([NEW]).issue('Patient/p', 'chatbot')
    await expect(new Sealer([NEW]).open(token)).rejects.toThrow('unknown key')
  })
})
