/**
 * Explicit certificate mappings: what an account's altSecurityIdentities say about a certificate, and how strongly.
 * Not the rule which strength is enough: that is `kdc.ts`. Source: KB5014754, MS-PKCA.
 */
import { createHash } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import { nameOf, parseName, type Name } from '../pki/certificate/name.ts'
import { thumbprintsOf } from '../pki/certificate/thumbprint.ts'

/** What identifies a certificate beyond doubt is strong; names, which others may get, are weak. */
export type MappingStrength = 'strong' | 'weak'

export interface MappingAssumptions {
  /** What the SHA-1 in an X509SHA1PublicKey mapping is of. Microsoft's own recipes write the certificate's thumbprint. */
  readonly sha1PublicKeyOf: 'certificate' | 'public-key'
}

const PREFIX = /^X509:/i
const TAGS = /<(I|S|SR|SKI|SHA1-PUKEY|RFC822)>([^<]*)/g

/** How strongly one value of altSecurityIdentities maps `certificate`; undefined: it speaks of another, or cannot be read. */
export function explicitMapping(
  written: string,
  certificate: Certificate,
  assume: MappingAssumptions,
): MappingStrength | undefined {
  if (!PREFIX.test(written)) return undefined
  const parts = [...written.matchAll(TAGS)].map(([, tag, value]) => ({ tag, value: value!.trim() }))
  const value = (tag: string): string => parts.find((part) => part.tag === tag)?.value ?? ''
  switch (parts.map(({ tag }) => tag).join()) {
    case 'I,SR':
      return given(
        isNamed(value('I'), certificate.issuer) && hasSerial(value('SR'), certificate),
        'strong',
      )
    case 'SKI':
      return given(isHex(value('SKI'), certificate.subjectKeyId), 'strong')
    case 'SHA1-PUKEY':
      return given(
        hashesOf(certificate, assume).includes(value('SHA1-PUKEY').toLowerCase()),
        'strong',
      )
    case 'I,S':
      return given(
        isNamed(value('I'), certificate.issuer) && isNamed(value('S'), certificate.subject),
        'weak',
      )
    case 'S':
      return given(isNamed(value('S'), certificate.subject), 'weak')
    case 'RFC822':
      return given(hasMail(value('RFC822'), certificate), 'weak')
    default:
      return undefined
  }
}

const given = (holds: boolean, strength: MappingStrength): MappingStrength | undefined =>
  holds ? strength : undefined

/**
 * A name is written here with the least specific part first, `DC=com,DC=contoso,CN=CA`: the other way round than certificates show it.
 */
function isNamed(written: string, name: Name): boolean {
  const parsed = parseName(written)
  if (!parsed.ok) return false
  return nameOf(parsed.value.toReversed()).key === name.key
}

/** The bytes of the serial number, last one first. */
function hasSerial(written: string, { serial }: Certificate): boolean {
  const bytes = serial.match(/../g) ?? []
  return written.toLowerCase() === bytes.toReversed().join('')
}

const isHex = (written: string, bytes: Uint8Array | undefined): boolean =>
  bytes !== undefined && written.toLowerCase() === toHex(bytes)

const hashesOf = (
  certificate: Certificate,
  { sha1PublicKeyOf }: MappingAssumptions,
): readonly string[] =>
  sha1PublicKeyOf === 'certificate'
    ? thumbprintsOf(certificate)
    : [createHash('sha1').update(certificate.spki).digest('hex')]

const hasMail = (written: string, { subjectAltName = [] }: Certificate): boolean =>
  subjectAltName.some(
    (name) => name.kind === 'email' && name.value.toLowerCase() === written.toLowerCase(),
  )
