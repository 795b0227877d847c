import { describe, expect, test } from 'vitest'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { EKU_OIDS, OID } from '../../../src/pki/encoding/oids.ts'
import { STRICT } from '../../../src/pki/profile/profiles.ts'
import { keyUsageFailures, purposeFailures } from '../../../src/pki/path/usage-rules.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'
import { held, pkiOf, rootOf } from '../contoso.ts'

const pki = pkiOf()
const { serverAuth, clientAuth } = EKU_OIDS
const { extKeyUsage: _, ...plain } = held(pki).certificate
const authority = pki.authority('issuing')!.certificate
const root = rootOf(pki)

/** End entity, authority and root with these purposes, by extKeyUsage or by Microsoft's extension. */
const pathOf = (
  leaf: Partial<Certificate>,
  above: Partial<Certificate> = {},
  top: Partial<Certificate> = {},
): readonly Certificate[] => [
  { ...plain, ...leaf },
  { ...authority, ...above },
  { ...root, ...top },
]

const { windows } = PROFILES
const eku = (...extKeyUsage: readonly string[]) => ({ extKeyUsage })
const policies = (...applicationPolicies: readonly string[]) => ({ applicationPolicies })
const other = clientAuth

describe('purposes', () => {
  test.for<readonly [string, readonly Certificate[], boolean, boolean]>([
    ['none anywhere', pathOf({}), true, true],
    ['the one that is wanted', pathOf(eku(serverAuth)), true, true],
    ['another one', pathOf(eku(other)), false, false],
    ['any', pathOf(eku(OID.anyExtendedKeyUsage)), false, true],
    ['another one of the authority', pathOf(eku(serverAuth), eku(other)), false, false],
    ['another one of the root', pathOf(eku(serverAuth), {}, eku(other)), false, false],
    ['any of the authority', pathOf({}, eku(OID.anyExtendedKeyUsage)), false, true],
    ['by application policies alone', pathOf(policies(serverAuth)), true, true],
    ['another one by application policies alone', pathOf(policies(other)), true, false],
    [
      'policies that take away what extKeyUsage gives',
      pathOf({ ...eku(serverAuth), ...policies(other) }),
      true,
      false,
    ],
    [
      'policies that give what extKeyUsage does not',
      pathOf({ ...eku(other), ...policies(serverAuth) }),
      false,
      true,
    ],
    ['any application policy', pathOf(policies(OID.anyApplicationPolicy)), true, true],
    [
      'any extended key usage where an application policy stands',
      pathOf(policies(OID.anyExtendedKeyUsage)),
      true,
      false,
    ],
    ['policies of the authority', pathOf(eku(serverAuth), policies(other)), true, false],
    [
      'policies that cannot be read',
      pathOf({ ...eku(serverAuth), unreadable: [OID.applicationPolicies] }),
      true,
      false,
    ],
  ])('%s', ([, path, strict, onWindows]) => {
    expect(purposeFailures(path, STRICT).length === 0).toBe(strict)
    expect(purposeFailures(path, windows).length === 0).toBe(onWindows)
  })

  test('two that each would do, but share none, are told of the end entity', () => {
    const profile = { ...STRICT, purposes: [serverAuth, clientAuth] }
    const [failure, ...more] = purposeFailures(pathOf(eku(serverAuth), eku(clientAuth)), profile)
    expect(failure).toMatchObject({ code: 'pki/wrong-eku', subject: 'CN=vpn.contoso.com' })
    expect(more).toEqual([])
  })
})

test.for<readonly [string, Partial<Certificate>, readonly string[]]>([
  ['all of the bits', { keyUsage: ['keyEncipherment', 'digitalSignature'] }, []],
  ['one of two', { keyUsage: ['digitalSignature'] }, ['pki/wrong-key-usage']],
  ['others', { keyUsage: ['keyAgreement'] }, ['pki/wrong-key-usage']],
])('keyUsage with %s', ([, change, codes]) => {
  const profile = { ...STRICT, keyUsage: ['digitalSignature', 'keyEncipherment'] as const }
  expect(keyUsageFailures(pathOf(change), profile).map(({ code }) => code)).toEqual(codes)
  const { keyUsage: _usage, ...without } = plain
  expect(keyUsageFailures([without], profile)).toEqual([])
})
