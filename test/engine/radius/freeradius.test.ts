/**
 * Packets of FreeRADIUS 3.2.1 (Debian), taken from loopback with the secret `testing123`: what others hide and sign is read here. The other way was
 * seen with radclient, which prints what it reveals; no vector can show that, since salts and authenticators are drawn.
 */
import { expect, test } from 'vitest'
import { fromHex, fromUtf8, toHex } from '../../../src/base/bytes.ts'
import { verifyResponseAuthenticator } from '../../../src/crypto/radius.ts'
import {
  readMppeKeys,
  revealSalted,
  revealUserPassword,
} from '../../../src/crypto/radius-hiding.ts'
import { ACCOUNTING_RESPONSE, checkRequest, respond } from '../../../src/engine/radius/server.ts'
import { attributeValue } from '../../../src/wire/radius/attributes.ts'
import { describeRadiusAttributes } from '../../../src/wire/radius/describe.ts'
import { decodeRadius } from '../../../src/wire/radius/packet.ts'
import { valueOf } from '../../wire/results.ts'

const SECRET = 'testing123'

/** To a request with the authenticator that is named below. */
const ACCEPT = fromHex(
  `020000b71ffa7bb8d1dd8e205c09616f7ab246541a3a00000137103485fe83ff467e69e71bb4e37fb73288766231c060b77d5e4599551541f435245aa26d68eccdb4
   7f0b4773b2cdd1eb7a42d87b1a3a00000137113489927d56d76b2fe80b9564cf87aedbb92ea65f7502e7d16c01676e387c8510f061109239b446a41455e129e39102
   bc251937400601000003420b0131302e302e302e3145150196c5feaec5f1cadb068155a10300b43e3050120977656c636f6d65`,
)
const ACCEPT_AUTHENTICATOR = fromHex('51377d92d4b8248ccf686b0fa5c3377c')

/** By radclient: PAP with Message-Authenticator, and an accounting Start. */
const REQUEST = fromHex(
  `01c4004486029dc661b871ffa19d6c7947a2d3e301066e656d6f0212b612ba111b5b77bf5682a79299de468b50129bb7029ad4db4f5f5e36a3bdc46059343d0600000005`,
)
const START = fromHex('04d000241b958dce6936169403c165d23d39ebb801066e656d6f2806000000012c043431')

test('an Access-Accept of FreeRADIUS: its keys and its tunnel password', () => {
  const accept = valueOf(decodeRadius(ACCEPT))
  expect(verifyResponseAuthenticator(accept, ACCEPT_AUTHENTICATOR, SECRET)).toBe('valid')
  const keys = readMppeKeys(accept.attributes, SECRET, ACCEPT_AUTHENTICATOR)!
  expect(toHex(keys.send)).toBe('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  expect(toHex(keys.recv)).toBe('202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f')
  const { tag, value } = attributeValue(accept.attributes, 'Tunnel-Password')!
  expect(tag).toBe(1)
  const password = revealSalted(value, SECRET, ACCEPT_AUTHENTICATOR)!
  expect(fromUtf8(password)).toBe('tunnel of nemo')
  expect(describeRadiusAttributes(accept.attributes)).toEqual([
    'MS-MPPE-Send-Key=…',
    'MS-MPPE-Recv-Key=…',
    'Tunnel-Type=1:L2TP',
    'Tunnel-Client-Endpoint=1:10.0.0.1',
    'Tunnel-Password=…',
    'Reply-Message=welcome',
  ])
})

test('an Access-Request of radclient: its Message-Authenticator and its password', () => {
  const rules = { secret: SECRET, requiresMessageAuthenticator: true }
  const received = checkRequest(REQUEST, 'authentication', rules)
  if (received.kind !== 'request') throw new Error(JSON.stringify(received))
  const { attributes, authenticator } = received.packet
  const hidden = attributeValue(attributes, 'User-Password')!
  expect(fromUtf8(revealUserPassword(hidden, SECRET, authenticator)!)).toBe('arctangent')
  expect(attributeValue(attributes, 'NAS-Port-Type')).toBe(5)
})

test('an Accounting-Request of radclient holds, and the answer that it took is made again', () => {
  const received = checkRequest(START, 'accounting', { secret: SECRET })
  if (received.kind !== 'request') throw new Error(JSON.stringify(received))
  const reply = valueOf(respond(ACCOUNTING_RESPONSE, received.packet, SECRET))
  expect(toHex(reply)).toBe('05d000143b7deab249db6db01cfc1a2d1911fcd1')
})
