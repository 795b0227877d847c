/**
 * Object identifiers that certificates carry, by the names of RFC 5280 and Microsoft's.
 * Not a registry: an identifier that is absent here stays in its dotted form.
 */
import type { EkuName } from '../../topology/pki.ts'

export const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  authorityKeyIdentifier: '2.5.29.35',
  subjectKeyIdentifier: '2.5.29.14',
  cRLDistributionPoints: '2.5.29.31',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  anyPolicy: '2.5.29.32.0',
  policyMappings: '2.5.29.33',
  policyConstraints: '2.5.29.36',
  inhibitAnyPolicy: '2.5.29.54',
  freshestCRL: '2.5.29.46',
  deltaCRLIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  caIssuers: '1.3.6.1.5.5.7.48.2',
  ocsp: '1.3.6.1.5.5.7.48.1',
  ocspBasic: '1.3.6.1.5.5.7.48.1.1',
  ocspNonce: '1.3.6.1.5.5.7.48.1.2',
  ocspCrlReference: '1.3.6.1.5.5.7.48.1.3',
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',
  ocspArchiveCutoff: '1.3.6.1.5.5.7.48.1.6',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  cRLNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  issuerAltName: '2.5.29.18',
  subjectDirectoryAttributes: '2.5.29.9',
  subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
  /** The name of a version 1 template. */
  enrollCertType: '1.3.6.1.4.1.311.20.2',
  invalidityDate: '2.5.29.24',
  /** When the authority publishes its next CRL, which is before the end of this one. */
  nextCrlPublish: '1.3.6.1.4.1.311.21.4',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  /** Certificate template information of a version 2 template. */
  certificateTemplate: '1.3.6.1.4.1.311.21.7',
  /** Says whose certificate it is by objectSid (szOID_NTDS_CA_SECURITY_EXT), and the name type that it does so with. */
  ntdsCaSecurityExt: '1.3.6.1.4.1.311.25.2',
  ntdsObjectSid: '1.3.6.1.4.1.311.25.2.1',
  applicationPolicies: '1.3.6.1.4.1.311.21.10',
  anyApplicationPolicy: '1.3.6.1.4.1.311.10.12.1',
  userPrincipalName: '1.3.6.1.4.1.311.20.2.3',
  rsaEncryption: '1.2.840.113549.1.1.1',
  sha256WithRSAEncryption: '1.2.840.113549.1.1.11',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const

/** Extended key usages by the names that a topology writes. */
export const EKU_OIDS: Readonly<Record<EkuName, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ikeIntermediate: '1.3.6.1.5.5.8.2.2',
  smartCardLogon: '1.3.6.1.4.1.311.20.2.2',
  anyPurpose: OID.anyExtendedKeyUsage,
  encryptingFileSystem: '1.3.6.1.4.1.311.10.3.4',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  ocspSigning: OID.ocspSigning,
}

/** Attribute types of distinguished names, as text writes them. */
export const ATTRIBUTE_OIDS = {
  CN: '2.5.4.3',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
} as const

const names = new Map<string, string>([
  ...Object.entries(EKU_OIDS).map(([name, oid]) => [oid, name] as const),
  ...Object.entries(ATTRIBUTE_OIDS).map(([name, oid]) => [oid, name] as const),
  ...Object.entries(OID).map(([name, oid]) => [oid, name] as const),
])

/** `serverAuth` for 1.3.6.1.5.5.7.3.1; an unknown identifier in its dotted form. */
export const oidName = (oid: string): string => names.get(oid) ?? oid
