/**
 * Writes the values of certificate extensions (RFC 5280 §4.2 and Microsoft's): each function returns one whole extension.
 * Not a policy: who gets which is decided by those who issue. {@link ./extensions.ts} reads.
 */
import { utf8 } from '../../base/bytes.ts'
import * as write from '../encoding/der-writer.ts'
import { contextConstructed, contextPrimitive, TAG } from '../encoding/der.ts'
import { KEY_USAGE_BITS, type Extension, type KeyUsageBit } from './extensions.ts'
import { OID } from '../encoding/oids.ts'

const extension = (oid: string, value: Uint8Array, critical = false): Extension => ({
  oid,
  critical,
  value,
})

/** Of an authority, critical. */
export const basicConstraints = (pathLength?: number): Extension =>
  extension(
    OID.basicConstraints,
    write.sequence(
      write.boolean(true),
      ...(pathLength === undefined ? [] : [write.integer(pathLength)]),
    ),
    true,
  )

/** Critical. At least one bit. */
export function keyUsage(...bits: readonly KeyUsageBit[]): Extension {
  const positions = bits.map((bit) => KEY_USAGE_BITS.indexOf(bit))
  const last = Math.max(...positions)
  const bytes = new Uint8Array((last >> 3) + 1)
  for (const at of positions) bytes[at >> 3]! |= 0x80 >> (at & 7)
  return extension(OID.keyUsage, write.bitString(bytes, 7 - (last & 7)), true)
}

/** Key purpose OIDs, at least one. */
export const extKeyUsage = (purposes: readonly string[]): Extension =>
  extension(OID.extKeyUsage, write.sequence(...purposes.map((oid) => write.oid(oid))))

export const subjectKeyIdentifier = (keyId: Uint8Array): Extension =>
  extension(OID.subjectKeyIdentifier, write.octetString(keyId))

export const authorityKeyIdentifier = (keyId: Uint8Array): Extension =>
  extension(OID.authorityKeyIdentifier, write.sequence(write.element(contextPrimitive(0), keyId)))

/** GeneralName elements, DER, at least one. */
export const subjectAltName = (names: readonly Uint8Array[]): Extension =>
  extension(OID.subjectAltName, write.sequence(...names))

export const dnsName = (name: string): Uint8Array => write.element(contextPrimitive(2), utf8(name))

export const uriName = (url: string): Uint8Array => write.element(contextPrimitive(6), utf8(url))

export const emailName = (address: string): Uint8Array =>
  write.element(contextPrimitive(1), utf8(address))

/** An otherName of Microsoft's userPrincipalName. */
export const upnName = (upn: string): Uint8Array =>
  write.element(
    contextConstructed(0),
    write.oid(OID.userPrincipalName),
    write.explicit(0, write.element(TAG.utf8String, utf8(upn))),
  )

/** One distribution point with all URLs, as AD CS writes them. */
export const crlDistributionPoints = (urls: readonly string[]): Extension =>
  extension(
    OID.cRLDistributionPoints,
    write.sequence(write.sequence(write.explicit(0, write.explicit(0, ...urls.map(uriName))))),
  )

/** Access method OID and URL, at least one. */
export const authorityInfoAccess = (
  at: readonly { readonly method: string; readonly url: string }[],
): Extension =>
  extension(
    OID.authorityInfoAccess,
    write.sequence(...at.map(({ method, url }) => write.sequence(write.oid(method), uriName(url)))),
  )

/** The name of a version 1 template, as AD CS writes it: a BMPString, where [MS-WCCE] §2.2.2.7.7.1 has text in UTF-8. */
export const templateName = (name: string): Extension =>
  extension(OID.enrollCertType, write.element(TAG.bmpString, Buffer.from(name, 'utf16le').swap16()))

/** Which template of version 2 or later was used, and in which revision ([MS-WCCE] §2.2.2.7.7.2). */
export const templateInformation = (template: string, major: number, minor: number): Extension =>
  extension(
    OID.certificateTemplate,
    write.sequence(write.oid(template), write.integer(major), write.integer(minor)),
  )

/** Whose certificate it is, for strong mapping: the account's objectSid in text (KB5014754), inside an otherName. */
export const sidExtension = (sid: string): Extension =>
  extension(
    OID.ntdsCaSecurityExt,
    write.sequence(
      write.element(
        contextConstructed(0),
        write.oid(OID.ntdsObjectSid),
        write.explicit(0, write.octetString(utf8(sid))),
      ),
    ),
  )

/** Microsoft's application policies: as certificatePolicies, one policy a purpose. */
export const applicationPolicies = (purposes: readonly string[]): Extension =>
  extension(
    OID.applicationPolicies,
    write.sequence(...purposes.map((oid) => write.sequence(write.oid(oid)))),
  )

/** id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1): nobody need look whether this delegate is revoked. */
export const ocspNoCheck = (): Extension => extension(OID.ocspNoCheck, write.nullElement())

/** The extension itself, for a list of them. */
export const encodeExtension = ({ oid, critical, value }: Extension): Uint8Array =>
  write.sequence(
    write.oid(oid),
    ...(critical ? [write.boolean(true)] : []),
    write.octetString(value),
  )
