/** Each demand of RFC 5280 §4 that `strict` makes of issuers, broken by one certificate; Windows looks at none of them. */
import { expect, test } from 'vitest'
import { invariant } from '../../../src/base/invariant.ts'
import { concat } from '../../../src/base/bytes.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { conformanceFailures } from '../../../src/pki/path/conformance.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { readDer } from '../../../src/pki/encoding/der.ts'
import type { GeneralName } from '../../../src/pki/certificate/general-name.ts'
import { readName } from '../../../src/pki/certificate/name.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { held, pkiOf, rootOf } from '../contoso.ts'

const pki = pkiOf()
const leaf = held(pki).certificate
const issuing = pki.authority('issuing')!.certificate
const root = rootOf(pki)

function noName() {
  const read = readDer(write.sequence(), 'name', (r) => readName(r, 'name'))
  invariant(read.ok, 'an empty name')
  return read.value
}

const critical = (certificate: Certificate, oid: string, isCritical: boolean): Certificate => {
  const rest = certificate.extensions.filter((extension) => extension.oid !== oid)
  const extensions = [...rest, { oid, critical: isCritical, value: new Uint8Array() }]
  return { ...certificate, extensions }
}

const named = (...names: readonly GeneralName[]): Certificate => ({
  ...leaf,
  subjectAltName: names,
})
const without = (certificate: Certificate, field: keyof Certificate): Certificate => {
  const { [field]: _, ...rest } = certificate
  return rest as Certificate
}

/** The signed part with `change` made to its fields, in order. */
function rewritten({ tbs }: Certificate, change: (fields: Uint8Array[]) => void): Uint8Array {
  const read = readDer(tbs, 'tbs', (r) =>
    r.sequence('tbs').each('tbs', (list) => list.element('field').encoded),
  )
  invariant(read.ok, 'a certificate')
  change(read.value)
  return write.sequence(...read.value)
}

const generalized = (text: string): Uint8Array => write.element(0x18, Buffer.from(text))
const ecWithoutName = write.sequence(
  write.sequence(write.oid('1.2.840.10045.2.1'), write.sequence()),
  write.bitString(Uint8Array.of(4)),
)

test('what our own authorities issue conforms', () => {
  for (const certificate of [leaf, issuing]) {
    expect(conformanceFailures(certificate, false)).toEqual([])
  }
  expect(conformanceFailures(root, true)).toEqual([])
})

test.for<readonly [string, string, Certificate]>([
  ['a serial number of 21 octets', '§4.1.2.2', { ...leaf, serial: '01'.repeat(21) }],
  ['a negative serial number', '§4.1.2.2', { ...leaf, serial: '80' }],
  ['a serial number of zero', '§4.1.2.2', { ...leaf, serial: '00' }],
  ['no issuer', '§4.1.2.4', { ...leaf, issuer: noName() }],
  ['neither a subject nor a critical name', '§4.1.2.6', { ...leaf, subject: noName() }],
  ['an authority without a subject', '§4.1.2.6', { ...issuing, subject: noName() }],
  [
    'a date of 2026 as GeneralizedTime',
    '§4.1.2.5',
    {
      ...leaf,
      tbs: rewritten(leaf, (fields) => {
        fields[4] = write.sequence(generalized('20260101000000Z'), generalized('20270101000000Z'))
      }),
    },
  ],
  [
    'a unique identifier',
    '§4.1.2.8',
    {
      ...leaf,
      tbs: rewritten(leaf, (fields) => {
        fields.splice(7, 0, write.element(0x81, concat(Uint8Array.of(0, 1))))
      }),
    },
  ],
  ['a curve without a name', '§4.1.2.7 (RFC 5480 §2.1.1)', { ...leaf, spki: ecWithoutName }],
  ['a host name with an empty label', '§4.2.1.6', named({ kind: 'dns', value: 'a..test' })],
  ['a blank as host name', '§4.2.1.6', named({ kind: 'dns', value: ' ' })],
  ['a mailbox without a host', '§4.2.1.6', named({ kind: 'email', value: 'ada' })],
  ['a mailbox with two', '§4.2.1.6', named({ kind: 'email', value: 'ada@contoso@com' })],
  ['a relative URI', '§4.2.1.6', named({ kind: 'uri', value: '/crl' })],
  [
    'a critical authorityKeyIdentifier',
    '§4.2.1.1',
    critical(leaf, OID.authorityKeyIdentifier, true),
  ],
  ['a critical subjectKeyIdentifier', '§4.2.1.2', critical(leaf, OID.subjectKeyIdentifier, true)],
  ['a critical authorityInfoAccess', '§4.2.2.1', critical(leaf, OID.authorityInfoAccess, true)],
  ['a critical subjectInfoAccess', '§4.2.2.2', critical(leaf, OID.subjectInfoAccess, true)],
  ['critical attributes', '§4.2.1.8', critical(leaf, OID.subjectDirectoryAttributes, true)],
  ['basicConstraints not critical', '§4.2.1.9', critical(issuing, OID.basicConstraints, false)],
  ['nameConstraints not critical', '§4.2.1.10', critical(issuing, OID.nameConstraints, false)],
  ['policyConstraints not critical', '§4.2.1.11', critical(issuing, OID.policyConstraints, false)],
  ['inhibitAnyPolicy not critical', '§4.2.1.14', critical(issuing, OID.inhibitAnyPolicy, false)],
  ['no keyUsage in an authority', '§4.2.1.3', without(issuing, 'keyUsage')],
  ['keyCertSign in an end entity', '§4.2.1.3', { ...leaf, keyUsage: ['keyCertSign'] }],
  [
    'pathLenConstraint in an end entity',
    '§4.2.1.9',
    { ...leaf, basicConstraints: { cA: false, pathLength: 0 } },
  ],
  [
    'name constraints in an end entity',
    '§4.2.1.10',
    { ...leaf, nameConstraints: { permitted: [], excluded: [] } },
  ],
  ['no key identifier in an authority', '§4.2.1.2', without(issuing, 'subjectKeyId')],
  ['no key identifier of its authority', '§4.2.1.1', without(leaf, 'authorityKeyId')],
])('%s', ([, rule, certificate]) => {
  expect(conformanceFailures(certificate, false)).toMatchObject([
    { code: 'pki/not-conforming', expected: `what RFC 5280 ${rule} demands` },
  ])
})

test.for<readonly [string, Certificate]>([
  ['an underscore', named({ kind: 'dns', value: '_vpn.contoso.com' })],
  ['a wildcard', named({ kind: 'dns', value: '*.contoso.com' })],
  ['a mailbox in quotes', named({ kind: 'email', value: '"ada l"@contoso.com' })],
  ['an absolute URI', named({ kind: 'uri', value: 'urn:uuid:1' })],
  [
    'a critical name and no subject',
    critical({ ...leaf, subject: noName() }, OID.subjectAltName, true),
  ],
  ['a serial number of 20 octets', { ...leaf, serial: '01'.repeat(20) }],
  ['a self-signed one without authorityKeyIdentifier', without(root, 'authorityKeyId')],
])('%s conforms', ([, certificate]) => {
  expect(conformanceFailures(certificate, false)).toEqual([])
})
