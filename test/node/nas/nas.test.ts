import { expect, test } from 'vitest'
import { mskOfMppeKeys } from '../../../src/crypto/mppe.ts'
import { mppeKeysFromMsk } from '../../../src/crypto/radius-hiding.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { authenticate, keysMatch, type NasOutcome } from '../../../src/node/nas/nas.ts'
import type { RadiusClient, RadiusOutcome } from '../../../src/node/radius-client.ts'
import { attribute } from '../../../src/wire/radius/attributes.ts'
import { RadiusCode, type RadiusAttribute } from '../../../src/wire/radius/packet.ts'
import { utf8 } from '../../../src/base/bytes.ts'

const bytes = (length: number, first: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => first + i)

test('keys of 32 bytes are the halves of the MSK', () => {
  const msk = bytes(64, 1)
  const keys = mppeKeysFromMsk(msk)
  expect(keysMatch(msk, keys)).toBe(true)
  expect(keysMatch(msk, { recv: keys.send, send: keys.recv })).toBe(false)
})

test('keys of 16 bytes, as FreeRADIUS sends them for EAP-MSCHAPv2, are its beginning, and zeros follow', () => {
  const keys = { fromPeer: bytes(16, 1), toPeer: bytes(16, 101) }
  const msk = mskOfMppeKeys(keys)
  expect(keysMatch(msk, { recv: keys.fromPeer, send: keys.toPeer })).toBe(true)
  expect(keysMatch(msk, mppeKeysFromMsk(msk))).toBe(true)
  expect(keysMatch(msk, { recv: keys.toPeer, send: keys.fromPeer })).toBe(false)
  expect(keysMatch(bytes(64, 1), { recv: bytes(16, 1), send: bytes(16, 17) })).toBe(false)
})

test('keys that are longer than the MSK are others', () => {
  expect(keysMatch(bytes(64, 1), { recv: bytes(64, 1), send: new Uint8Array(0) })).toBe(true)
  expect(keysMatch(bytes(64, 1), { recv: bytes(64, 1), send: new Uint8Array(1) })).toBe(false)
})

/** How MS-CHAP v2 ends with a server that accepts with these attributes, whatever it is asked. */
function acceptedWith(attributes: readonly RadiusAttribute[]): NasOutcome {
  const answer: RadiusOutcome = {
    kind: 'radius/answered',
    request: '1',
    tries: 1,
    server: 'nps',
    packet: {
      code: RadiusCode.accessAccept,
      identifier: 1,
      authenticator: bytes(16, 0),
      attributes,
    },
    requestAuthenticator: bytes(16, 1),
  }
  const client: Pick<RadiusClient, 'ask'> = { ask: (_, done) => done(answer) }
  const outcomes: NasOutcome[] = []
  authenticate(
    { client, attributes: [], secretOf: () => 'secret', rng: rngFrom('nas') },
    { kind: 'ms-chap-v2', user: 'ada', password: 'Passw0rd' },
    (outcome) => void outcomes.push(outcome),
  )
  expect(outcomes).toHaveLength(1)
  return outcomes[0]!
}

test('RFC 2759 §5: a server that lets somebody in and does not know the password is left', () => {
  expect(acceptedWith([])).toEqual({ kind: 'abandoned' })
  const forged = utf8(`\u0001S=${'0123456789'.repeat(4)}`)
  expect(acceptedWith([attribute('MS-CHAP2-Success', forged)])).toEqual({ kind: 'abandoned' })
})
