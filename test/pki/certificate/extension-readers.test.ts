import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, fromHex } from '../../../src/base/bytes.ts'
import { readDer, type DerReader } from '../../../src/pki/encoding/der.ts'
import {
  readDistributionPoints,
  readIssuingDistributionPoint,
} from '../../../src/pki/certificate/distribution-point.ts'
import { readNameConstraints } from '../../../src/pki/certificate/name-constraint-extension.ts'
import { malformedConstraint, nameViolation } from '../../../src/pki/path/name-constraints.ts'
import {
  readPolicies,
  readPolicyConstraints,
  readPolicyMappings,
} from '../../../src/pki/certificate/policy-extensions.ts'

/** What reads each extension, one that is well formed, and what it says. */
const EXTENSIONS: readonly [string, (r: DerReader) => unknown, string, unknown][] = [
  [
    'nameConstraints',
    readNameConstraints,
    '301aa00a30088206612e74657374a10c300a8708c0000200ffffff00',
    {
      permitted: [{ base: { kind: 'dns', value: 'a.test' }, bounded: false }],
      excluded: [{ base: { kind: 'ip', address: fromHex('c0000200ffffff00') }, bounded: false }],
    },
  ],
  [
    'certificatePolicies',
    (r) => readPolicies(r, 'x'),
    '3006300406022a03',
    { policies: ['1.2.3'], qualifiers: [] },
  ],
  [
    'policyMappings',
    readPolicyMappings,
    '300a300806022a0306022a04',
    [{ issuer: '1.2.3', subject: '1.2.4' }],
  ],
  [
    'policyConstraints',
    readPolicyConstraints,
    '3006800100810102',
    { requireExplicitPolicy: 0, inhibitPolicyMapping: 2 },
  ],
  [
    'cRLDistributionPoints',
    (r) => readDistributionPoints(r, 'x'),
    '3011300fa009a00786056c643a2f2f81020640',
    [{ fullName: [{ kind: 'uri', value: 'ld://' }], reasons: 2, crlIssuer: [] }],
  ],
  [
    'issuingDistributionPoint',
    readIssuingDistributionPoint,
    '300a8101ff830206408401ff',
    {
      fullName: [],
      onlyUserCerts: true,
      onlyCaCerts: false,
      onlySomeReasons: 2,
      indirect: true,
      onlyAttributeCerts: false,
    },
  ],
]

test.for(EXTENSIONS)('%s: what is well formed reads, and nothing throws', ([, read, hex, says]) => {
  const der = fromHex(hex)
  expect(readDer(der, 'extension', read)).toEqual({ ok: true, value: says })
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.uint8Array(),
      (where, octet, tail) => {
        const at = where % der.length
        const changed = concat(der.slice(0, at), Uint8Array.of(octet), der.slice(at + 1), tail)
        for (const bytes of [changed, tail, der.slice(0, at)]) {
          expect(readDer(bytes, 'extension', read)).toHaveProperty('ok')
        }
      },
    ),
  )
})

test('constraints and names of any text are judged without throwing', () => {
  const kind = fc.constantFrom('dns' as const, 'email' as const, 'uri' as const, 'upn' as const)
  const name = fc.record({ kind, value: fc.string({ maxLength: 12 }) })
  fc.assert(
    fc.property(name, name, (base, presented) => {
      const constraints = { permitted: [{ base, bounded: false }], excluded: [] }
      expect(() => malformedConstraint(constraints, true)).not.toThrow()
      expect(() => nameViolation(constraints, [presented])).not.toThrow()
    }),
  )
})
