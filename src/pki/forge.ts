/**
 * The signed part of a certificate, assembled by node-forge: the one file that may import it.
 * Not signing and not reading: {@link ./signature.ts} signs through node:crypto, {@link ./certificate.ts} reads with our own reader.
 */
import forge from 'node-forge'
import { toHex } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'
import type { NameAttribute } from './name.ts'
import { ATTRIBUTE_OIDS, OID } from './oids.ts'

const { asn1 } = forge
// @types/node-forge leaves this function out.
const pki = forge.pki as typeof forge.pki & {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1
}

export interface TbsContents {
  /** Big-endian, positive, first byte not zero. */
  readonly serial: Uint8Array
  /** In encoding order. */
  readonly issuer: readonly NameAttribute[]
  readonly subject: readonly NameAttribute[]
  /** Whole seconds; a fraction is cut off. */
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** SubjectPublicKeyInfo of an RSA key, DER. */
  readonly spki: Uint8Array
  /** Present: a certification authority. */
  readonly authority?: { readonly pathLength?: number }
  /** Key purpose OIDs. */
  readonly extKeyUsage: readonly string[]
  readonly dns: readonly string[]
  readonly upn: readonly string[]
  readonly subjectKeyId: Uint8Array
  readonly authorityKeyId: Uint8Array
  readonly crlUrls: readonly string[]
  /** Where the issuer's certificate is. */
  readonly issuerUrls: readonly string[]
}

/** TBSCertificate (RFC 5280 §4.1.2), version 3, to be signed with sha256WithRSAEncryption. DER. */
export function writeTbsCertificate(contents: TbsContents): Uint8Array {
  const certificate = pki.createCertificate()
  certificate.serialNumber = toHex(contents.serial)
  certificate.validity.notBefore = new Date(contents.notBefore / 1e3)
  certificate.validity.notAfter = new Date(contents.notAfter / 1e3)
  certificate.setIssuer(contents.issuer.map(attribute))
  certificate.setSubject(contents.subject.map(attribute))
  const spki = forge.util.createBuffer(binary(contents.spki))
  certificate.publicKey = pki.publicKeyFromAsn1(asn1.fromDer(spki))
  certificate.setExtensions(extensions(contents))
  certificate.siginfo.algorithmOid = OID.sha256WithRSAEncryption
  certificate.signatureOid = OID.sha256WithRSAEncryption
  const der = asn1.toDer(pki.getTBSCertificate(certificate)).getBytes()
  return new Uint8Array(Buffer.from(der, 'latin1'))
}

/** forge keeps bytes in strings, one character a byte. */
const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** RFC 5280 Appendix A: country and serial number are PrintableString, DC and e-mail IA5String, the rest UTF8String. */
function attribute({ type, value }: NameAttribute): forge.pki.CertificateField {
  const { C, SERIALNUMBER, DC, E } = ATTRIBUTE_OIDS
  const valueTagClass =
    type === C || type === SERIALNUMBER
      ? asn1.Type.PRINTABLESTRING
      : type === DC || type === E
        ? asn1.Type.IA5STRING
        : asn1.Type.UTF8
  return { type, value, valueTagClass: valueTagClass as unknown as forge.asn1.Class }
}

function extensions(contents: TbsContents): object[] {
  const { authority, dns, upn, crlUrls, issuerUrls, extKeyUsage } = contents
  const authorityKeyId = sequenceOf([
    text(asn1.Class.CONTEXT_SPECIFIC, 0, binary(contents.authorityKeyId)),
  ])
  return [
    ...(authority === undefined
      ? [{ name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true }]
      : [
          { name: 'basicConstraints', critical: true, cA: true, ...pathLength(authority) },
          { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
        ]),
    ...(extKeyUsage.length === 0
      ? []
      : [{ id: OID.extKeyUsage, value: sequenceOf(extKeyUsage.map(objectIdentifier)) }]),
    ...(dns.length + upn.length === 0
      ? []
      : [{ id: OID.subjectAltName, value: altNames(dns, upn) }]),
    {
      id: OID.subjectKeyIdentifier,
      value: text(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, binary(contents.subjectKeyId)),
    },
    { id: OID.authorityKeyIdentifier, value: authorityKeyId },
    ...(crlUrls.length === 0
      ? []
      : [
          { name: 'cRLDistributionPoints', altNames: crlUrls.map((value) => ({ type: 6, value })) },
        ]),
    ...(issuerUrls.length === 0
      ? []
      : [{ id: OID.authorityInfoAccess, value: accessDescriptions(issuerUrls) }]),
  ]
}

const pathLength = (authority: { readonly pathLength?: number }): object =>
  authority.pathLength === undefined ? {} : { pathLenConstraint: authority.pathLength }

const element = (tagClass: forge.asn1.Class, tag: number, parts: forge.asn1.Asn1[]) =>
  asn1.create(tagClass, tag, true, parts)

const sequenceOf = (parts: forge.asn1.Asn1[]) =>
  element(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, parts)

const text = (tagClass: forge.asn1.Class, tag: number, bytes: string) =>
  asn1.create(tagClass, tag, false, bytes)

const objectIdentifier = (oid: string) =>
  text(asn1.Class.UNIVERSAL, asn1.Type.OID, asn1.oidToDer(oid).getBytes())

/** forge's own altNames cannot write an otherName, and a UPN is one. */
const altNames = (dns: readonly string[], upn: readonly string[]) =>
  sequenceOf([
    ...dns.map((name) => text(asn1.Class.CONTEXT_SPECIFIC, 2, name)),
    ...upn.map((name) =>
      element(asn1.Class.CONTEXT_SPECIFIC, 0, [
        objectIdentifier(OID.userPrincipalName),
        element(asn1.Class.CONTEXT_SPECIFIC, 0, [
          text(asn1.Class.UNIVERSAL, asn1.Type.UTF8, forge.util.encodeUtf8(name)),
        ]),
      ]),
    ),
  ])

const accessDescriptions = (urls: readonly string[]) =>
  sequenceOf(
    urls.map((url) =>
      sequenceOf([objectIdentifier(OID.caIssuers), text(asn1.Class.CONTEXT_SPECIFIC, 6, url)]),
    ),
  )
