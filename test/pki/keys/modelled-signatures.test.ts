/** Modelled signatures: as long as real ones, good for nobody else's key or bytes, and nothing to whoever verifies for real. */
import { describe, expect, test } from 'vitest'
import {
  isModelledSignature,
  modelledSignature,
  seedOfKey,
  signerOf,
} from '../../../src/crypto/modelled/signature.ts'
import { poolKey } from '../../../src/pki/keys/key-pool.ts'
import { MODELLED_SIGNATURES } from '../../../src/pki/keys/modelled-signatures.ts'
import { REAL_SIGNATURES, signRsa } from '../../../src/pki/keys/signature.ts'
import { issuePki } from '../../../src/pki/issuing/issue.ts'
import { held, site } from '../contoso.ts'

const tbs = Buffer.from('to be signed')
const [own, other] = [poolKey(0), poolKey(1)]
const heldBy = (sign: typeof signRsa) => {
  const pki = issuePki({ ...site({}), sign })
  if (!pki.ok) throw new Error(JSON.stringify(pki.error))
  return held(pki.value)
}
const certificateBy = (sign: typeof signRsa) => heldBy(sign).certificate
const issuerOf = (sign: typeof signRsa) => heldBy(sign).chain[0]!

describe('a modelled signature', () => {
  test('is as long as a real one, and of this key and these bytes alone', () => {
    const { sign } = MODELLED_SIGNATURES
    const signature = sign('sha256', tbs, own.privateKey)
    expect(signature).toHaveLength(signRsa('sha256', tbs, own.privateKey).length)
    expect(isModelledSignature(seedOfKey(own.spki), tbs, signature)).toBe(true)
    expect(isModelledSignature(seedOfKey(other.spki), tbs, signature)).toBe(false)
    expect(isModelledSignature(seedOfKey(own.spki), Buffer.from('to be Signed'), signature)).toBe(
      false,
    )
    signature[200]! ^= 1
    expect(isModelledSignature(seedOfKey(own.spki), tbs, signature)).toBe(false)
  })

  test('changes with every byte of what is signed', () => {
    const signer = signerOf(own.privateKey)
    const bytes = new Uint8Array(1000)
    const seen = new Set<string>([String(modelledSignature(signer, bytes))])
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 0x80
      seen.add(String(modelledSignature(signer, changed)))
    }
    expect(seen.size).toBe(bytes.length + 1)
  })

  test('on a certificate is good where it is modelled, and bad to everybody else', () => {
    const { sign, verify } = MODELLED_SIGNATURES
    const certificate = certificateBy(sign)
    const { spki } = issuerOf(sign)
    expect(verify(certificate, spki)).toBe('good')
    expect(REAL_SIGNATURES.verify(certificate, spki)).toBe('bad')
    expect(
      verify(
        {
          ...certificate,
          tbs: Uint8Array.from(certificate.tbs, (b, at) => (at === 99 ? b ^ 1 : b)),
        },
        spki,
      ),
    ).toBe('bad')
  })

  test('is not asked of who has a real one: authorities are named by thumbprints, and sign themselves for real', () => {
    const { sign, verify } = MODELLED_SIGNATURES
    const [real, modelled] = [certificateBy(signRsa), certificateBy(sign)]
    expect(modelled.der).toHaveLength(real.der.length)
    expect(verify(real, issuerOf(signRsa).spki)).toBe('good')
    expect(issuerOf(sign).der).toEqual(issuerOf(signRsa).der)
  })
})
