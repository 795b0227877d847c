/**
 * Issues the certificates and CRLs that a topology describes. Same topology, same bytes: keys come from a fixed pool, serial
 * numbers from labels, signatures are RSA PKCS #1 v1.5. Not a CA that can be asked: enrolment is not modelled here.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { concat, toHex } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import { remember } from '../base/remember.ts'
import { err, ok, type Result } from '../base/result.ts'
import { after, type Duration, type Instant } from '../base/time.ts'
import type { AuthoritySpec, CertificateSpec } from '../topology/pki.ts'
import { readCertificate, type Certificate } from './certificate.ts'
import * as write from './der-writer.ts'
import * as extend from './extension-writer.ts'
import type { Extension } from './extensions.ts'
import { writeTbsCertificate } from './forge.ts'
import {
  AUTHORITY_VALID_FROM,
  CERTIFICATE_VALID_FROM,
  issueProblems,
  type IssueInput,
  type IssueProblem,
} from './issue-check.ts'

import { assignKeys, poolKey, type KeyPair } from './key-pool.ts'
import { encodeName, parseName } from './name.ts'
import { EKU_OIDS, OID } from './oids.ts'
import type { RevokedCertificate } from './publication.ts'
import { publisherOf, type Publisher } from './publisher.ts'
import { signSha256Rsa } from './signature.ts'
import { keyIdOf } from './spki.ts'

const SERIAL_BYTES = 16

/** A certificate with its private key, as its holder has it. */
export interface Held {
  readonly certificate: Certificate
  /**
   * Issuers, nearest first. For an authority: up to and with the root. For a node's certificate: the intermediates that it
   * sends along; none when `sendsChain` is false. Roots are never sent.
   */
  readonly chain: readonly Certificate[]
  readonly privateKey: KeyObject
}

/** Everything is issued when it is first asked for, and then kept. */
export interface Pki extends Publisher {
  /** Undefined: the topology has no such authority. */
  authority(key: string): Held | undefined
  certificate(node: string, name: string): Held | undefined
}

/** Check the specs and prepare to issue. Fails with every spec that cannot be issued. */
export function issuePki(input: IssueInput): Result<Pki, readonly IssueProblem[]> {
  const problems = issueProblems(input)
  return problems.length > 0 ? err(problems) : ok(pkiOf(input))
}

interface Authority {
  readonly key: string
  readonly spec: AuthoritySpec
  /** DER. */
  readonly name: Uint8Array
  readonly keys: KeyPair
  readonly keyId: Uint8Array
}

function pkiOf(input: IssueInput): Pki {
  const { authorities, holders, start } = input
  const keyIndexes = assignKeys(Object.keys(authorities).map(authorityLabel), [
    ...holders.map(({ node, certificate }) => holderLabel(node, certificate.name)),
    ...Object.keys(authorities)
      .filter((key) => hasDelegate(authorities[key]!))
      .map(signerLabel),
  ])
  const keysOf = (label: string): KeyPair => poolKey(keyIndexes.get(label)!)

  const prepared = remember((key: string): Authority => {
    const spec = authorities[key]!
    const keys = keysOf(authorityLabel(key))
    return { key, spec, name: nameOf(spec.subject), keys, keyId: keyIdOf(keys.spki) }
  })
  const authority = remember((key: string): Held => {
    const self = prepared(key)
    const issuer = self.spec.issuer === undefined ? undefined : prepared(self.spec.issuer)
    const above = issuer === undefined ? undefined : authority(issuer.key)
    return {
      certificate: issueAuthority(self, issuer ?? self, start),
      chain: above === undefined ? [] : [above.certificate, ...above.chain],
      privateKey: self.keys.privateKey,
    }
  })
  const held = remember((label: string): Held => {
    const { certificate: spec } = holders.find(
      ({ node, certificate }) => holderLabel(node, certificate.name) === label,
    )!
    const issuer = authority(spec.issuer)
    const above = [issuer.certificate, ...issuer.chain]
    const keys = keysOf(label)
    return {
      certificate: issueEndEntity(spec, label, keys, prepared(spec.issuer), start),
      // The last of them is the root, which whoever trusts it has already.
      chain: spec.sendsChain === false ? [] : above.slice(0, -1),
      privateKey: keys.privateKey,
    }
  })
  const publisher = publisherOf({
    authorities,
    start,
    authority,
    issuer: (key) => {
      const { spec, name, keyId, keys } = prepared(key)
      const revoked = revokedBy(key, input)
      return { spec, name, keyId, privateKey: keys.privateKey, start, revoked }
    },
    ocspSigner: (key, round, validity) => {
      const keys = keysOf(signerLabel(key))
      const label = `${signerLabel(key)} ${round}`
      return {
        certificate: issueOcspSigner(prepared(key), { label, keys, ...validity }),
        privateKey: keys.privateKey,
      }
    },
  })

  return {
    authority: (key) => (Object.hasOwn(authorities, key) ? authority(key) : undefined),
    certificate: (node, name) => {
      const label = holderLabel(node, name)
      return keyIndexes.has(label) ? held(label) : undefined
    },
    ...publisher,
  }
}

const authorityLabel = (key: string): string => `authority ${key}`
/** A line break cannot stand in a node's name, so no two holders share a label. */
const holderLabel = (node: string, name: string): string => `holder ${node}\n${name}`

const signerLabel = (key: string): string => `ocsp ${key}`

const hasDelegate = ({ ocsp }: AuthoritySpec): boolean =>
  ocsp !== undefined && ocsp.signer !== 'authority'

function nameOf(subject: string): Uint8Array {
  const name = parseName(subject)
  invariant(name.ok, `'${subject}' was checked before`)
  return encodeName(name.value)
}

function issueAuthority(self: Authority, issuer: Authority, start: Instant): Certificate {
  const { spec, key } = self
  return issue(issuer, {
    label: authorityLabel(key),
    subject: self.name,
    keys: self.keys,
    notBefore: after(start, spec.validFrom ?? AUTHORITY_VALID_FROM),
    validFor: spec.validFor,
    extensions: [
      extend.basicConstraints(spec.pathLength),
      extend.keyUsage('keyCertSign', 'cRLSign'),
      ...keyIds(self.keys, issuer),
      // Nobody revokes a root by its own signature, and nobody needs to fetch its issuer.
      ...(issuer === self ? [] : publishedAt(issuer)),
    ],
  })
}

function issueEndEntity(
  spec: CertificateSpec,
  label: string,
  keys: KeyPair,
  issuer: Authority,
  start: Instant,
): Certificate {
  const { eku = [], dns = [], upn = [] } = spec
  const names = [...dns.map(extend.dnsName), ...upn.map(extend.upnName)]
  return issue(issuer, {
    label,
    subject: nameOf(spec.subject),
    keys,
    notBefore: after(start, spec.validFrom ?? CERTIFICATE_VALID_FROM),
    validFor: spec.validFor,
    extensions: [
      extend.keyUsage('digitalSignature', 'keyEncipherment'),
      ...(eku.length === 0 ? [] : [extend.extKeyUsage(eku.map((name) => EKU_OIDS[name]))]),
      ...(names.length === 0 ? [] : [extend.subjectAltName(names)]),
      ...keyIds(keys, issuer),
      ...publishedAt(issuer),
    ],
  })
}

const keyIds = (keys: KeyPair, issuer: Authority): readonly Extension[] => [
  extend.subjectKeyIdentifier(keyIdOf(keys.spki)),
  extend.authorityKeyIdentifier(issuer.keyId),
]

/** Of an OCSP delegate, as the template OCSP Response Signing makes it: no CRL need be asked about it. */
const issueOcspSigner = (
  issuer: Authority,
  order: Omit<Order, 'subject' | 'extensions'>,
): Certificate =>
  issue(issuer, {
    ...order,
    subject: nameOf('CN=OCSP Responder'),
    extensions: [
      extend.keyUsage('digitalSignature'),
      extend.extKeyUsage([OID.ocspSigning]),
      extend.ocspNoCheck(),
      ...keyIds(order.keys, issuer),
    ],
  })

/** CDP and AIA, as far as the issuer has them. */
function publishedAt({ spec }: Authority): readonly Extension[] {
  const { crlUrls = [], aiaUrls = [], ocsp } = spec
  const places = [
    ...aiaUrls.map((url) => ({ method: OID.caIssuers, url })),
    ...(ocsp?.urls ?? []).map((url) => ({ method: OID.ocsp, url })),
  ]
  return [
    ...(crlUrls.length === 0 ? [] : [extend.crlDistributionPoints(crlUrls)]),
    ...(places.length === 0 ? [] : [extend.authorityInfoAccess(places)]),
  ]
}

interface Order {
  readonly label: string
  /** DER. */
  readonly subject: Uint8Array
  readonly keys: KeyPair
  readonly notBefore: Instant
  readonly validFor: Duration
  readonly extensions: readonly Extension[]
}

function issue(issuer: Authority, order: Order): Certificate {
  const { label, subject, keys, notBefore, validFor, extensions } = order
  const tbs = writeTbsCertificate({
    serial: serialOf(issuer.key, label),
    issuer: issuer.name,
    subject,
    notBefore,
    notAfter: after(notBefore, validFor),
    spki: keys.spki,
    extensions,
  })
  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const signature = signSha256Rsa(tbs, issuer.keys.privateKey)
  const read = readCertificate(write.sequence(tbs, algorithm, write.bitString(signature)))
  invariant(read.ok, `an issued certificate does not read: ${JSON.stringify(read)}`)
  return read.value
}

/** Positive, 16 bytes, first byte 40 … 7f. It depends on the labels alone. */
function serialOf(issuer: string, label: string): Uint8Array {
  const digest = createHash('sha256').update(`serial ${issuer}\n${label}`).digest()
  return concat(Uint8Array.of((digest[0]! & 0x3f) | 0x40), digest.subarray(1, SERIAL_BYTES))
}

/** What `issuer` revoked, in topology order. */
const revokedBy = (issuer: string, { start, holders }: IssueInput): readonly RevokedCertificate[] =>
  holders.flatMap(({ node, certificate: { name, revoked, issuer: by } }) => {
    if (by !== issuer || revoked === undefined) return []
    const { at, reason, releasedAt } = revoked
    const serial = toHex(serialOf(issuer, holderLabel(node, name)))
    const released = releasedAt === undefined ? {} : { releasedAt: after(start, releasedAt) }
    return [{ serial, at: after(start, at), reason, ...released }]
  })
