/**
 * What a report tells of one certificate of a path: plain data, names in the words that Windows and RFC 5280 use.
 * Not a judgement, and not the certificate itself: whoever needs its bytes has {@link ../certificate/certificate.ts}.
 */
import { toHex } from '../../base/bytes.ts'
import { rememberEach } from '../../base/remember.ts'
import type { Instant } from '../../base/time.ts'
import {
  crlUrlsOf,
  issuerUrlsOf,
  responderUrlsOf,
  subjectOf,
  type Certificate,
} from '../certificate/certificate.ts'
import type { GeneralName } from '../certificate/general-name.ts'
import { formatAddressBytes } from '../profile/host-name.ts'
import { OID, oidName } from '../encoding/oids.ts'
import { publicKeyForm } from '../keys/public-key.ts'
import { thumbprint } from '../certificate/thumbprint.ts'
import { keySize } from '../keys/verification-key.ts'

export interface ChainLink {
  readonly subject: string
  readonly issuer: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Hexadecimal, as encoded. */
  readonly serial: string
  /** SHA-1 of the certificate, hexadecimal in upper case: what Windows calls its thumbprint. */
  readonly thumbprint: string
  /** `RSA 2048`, `EC 256`, `Ed25519`. */
  readonly key: string
  /** Key purposes, `serverAuth`; unknown ones dotted. Absent: for any purpose. */
  readonly purposes?: readonly string[]
  /** The subject alternative names, `DNS vpn.contoso.com`, `UPN ada@corp.contoso.com`. */
  readonly names: readonly string[]
  /** Where its CRL is, as it says itself. */
  readonly crlUrls: readonly string[]
  /** Where an OCSP responder answers for it. */
  readonly ocspUrls: readonly string[]
  /** Where its issuer's certificate is. */
  readonly issuerUrls: readonly string[]
  /** Stands for a real certificate, issued again with a lab key. Absent: it stands for itself. */
  readonly mirror?: true
  /** Thumbprint of the real one, written as that above. */
  readonly mirrorOf?: string
  /** The path ends here, in a trust anchor of the relying party. */
  readonly isAnchor: boolean
}

/** Of a path, end entity first; `anchored`: its last certificate is a trust anchor. */
export const linksOf = (path: readonly Certificate[], anchored: boolean): readonly ChainLink[] =>
  path.map((certificate, i) =>
    anchored && i === path.length - 1 ? anchorLinkOf(certificate) : lowerLinkOf(certificate),
  )

// The same authorities stand in nearly every path.
const anchorLinkOf = rememberEach((certificate: Certificate) => linkOf(certificate, true))
const lowerLinkOf = rememberEach((certificate: Certificate) => linkOf(certificate, false))

const mirrorMark = (original: string) => ({
  mirror: true as const,
  mirrorOf: original.toUpperCase(),
})

/** Mark those that stand for real certificates. What came over the network does not say so itself: `mirrors` has it by thumbprint. */
export const markMirrors = (
  path: readonly ChainLink[],
  mirrors: ReadonlyMap<string, string>,
): readonly ChainLink[] =>
  path.map((link) => {
    const original = mirrors.get(link.thumbprint.toLowerCase())
    return original === undefined ? link : { ...link, ...mirrorMark(original) }
  })

function linkOf(certificate: Certificate, isAnchor: boolean): ChainLink {
  const { issuer, notBefore, notAfter, serial, extKeyUsage, subjectAltName = [] } = certificate
  return {
    subject: subjectOf(certificate),
    issuer: issuer.text,
    notBefore,
    notAfter,
    serial,
    thumbprint: thumbprint(certificate).toUpperCase(),
    key: keyText(certificate.spki),
    ...(extKeyUsage !== undefined && { purposes: extKeyUsage.map(oidName) }),
    names: subjectAltName.map(nameText),
    crlUrls: crlUrlsOf(certificate),
    ocspUrls: responderUrlsOf(certificate),
    issuerUrls: issuerUrlsOf(certificate),
    ...(certificate.mirrorOf !== undefined && mirrorMark(certificate.mirrorOf)),
    isAnchor,
  }
}

/** Algorithms of SubjectPublicKeyInfo beside RSA and elliptic curves (RFC 3279 §2.3, RFC 4055 §1.2, RFC 8410 §3). */
const KEY_KINDS = new Map([
  [OID.rsaEncryption, 'RSA'],
  ['1.2.840.113549.1.1.10', 'RSA-PSS'],
  ['1.2.840.10040.4.1', 'DSA'],
  ['1.3.101.112', 'Ed25519'],
  ['1.3.101.113', 'Ed448'],
])

function keyText(spki: Uint8Array): string {
  const form = publicKeyForm(spki)
  // The frame was read with the certificate; what stands in it is the peer's.
  if (form === undefined) return 'unreadable'
  const kind = form.kind === 'other' ? KEY_KINDS.get(form.algorithm) : form.kind.toUpperCase()
  const size = keySize(spki)
  return [kind ?? 'unknown', ...(size === undefined ? [] : [size.bits])].join(' ')
}

function nameText(name: GeneralName): string {
  switch (name.kind) {
    case 'ip':
      return `IP ${formatAddressBytes(name.address)}`
    case 'directory':
      return `DN ${name.name.text}`
    case 'other':
      return `other ${toHex(Uint8Array.of(name.tag))}`
    case 'uri':
    case 'dns':
    case 'upn':
      return `${name.kind.toUpperCase()} ${name.value}`
    case 'email':
      return `e-mail ${name.value}`
  }
}
