/**
 * Issues the certificates and CRLs that a topology describes. Same topology, same bytes: keys come from a fixed pool, serial
 * numbers from labels, signatures are RSA PKCS #1 v1.5. Not a CA that can be asked: enrolment is not modelled here.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { concat, toHex } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import { err, ok, type Result } from '../base/result.ts'
import { after, type Duration, type Instant } from '../base/time.ts'
import type { AuthoritySpec, CertificateSpec } from '../topology/pki.ts'
import { readCertificate, type Certificate } from './certificate.ts'
import { writeCrl, type RevokedEntry } from './crl.ts'
import * as write from './der-writer.ts'
import { readDer } from './der.ts'
import * as extend from './extension-writer.ts'
import type { Extension } from './extensions.ts'
import { writeTbsCertificate } from './forge.ts'
import {
  AUTHORITY_VALID_FROM,
  CERTIFICATE_VALID_FROM,
  CRL_THIS_UPDATE,
  CRL_VALID_FOR,
  issueProblems,
  type IssueInput,
  type IssueProblem,
} from './issue-check.ts'

import { assignKeys, poolKey, type KeyPair } from './key-pool.ts'
import { encodeName, parseName } from './name.ts'
import { EKU_OIDS, OID } from './oids.ts'
import { signSha256Rsa } from './signature.ts'

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

/** A file on a web server. */
export interface Publication {
  readonly node: string
  /** Key of the authority that publishes it. */
  readonly authority: string
  readonly url: string
  /** Path of the URL, as a request line has it: `/pki/issuing.crl`. */
  readonly path: string
  readonly contentType: 'application/pkix-crl' | 'application/pkix-cert'
  /** What a request at that instant gets. */
  bytes(at: Instant): Uint8Array
}

/** Everything is issued when it is first asked for, and then kept. */
export interface Pki {
  /** Undefined: the topology has no such authority. */
  authority(key: string): Held | undefined
  certificate(node: string, name: string): Held | undefined
  /**
   * The CRL, DER, as published at `at`: the last one of its schedule, with what was revoked by the time of its issue. Before the
   * first: the first. Undefined: the topology has no such authority.
   */
  crl(key: string, at: Instant): Uint8Array | undefined
  /** The HTTP URLs of all authorities that publish on a node: CRLs first, then CA certificates, in topology order. */
  publications(): readonly Publication[]
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
  const keyIndexes = assignKeys(
    Object.keys(authorities).map(authorityLabel),
    holders.map(({ node, certificate }) => holderLabel(node, certificate.name)),
  )
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
  const published = remember((label: string): Uint8Array => {
    const [, round, key] = /^(\d+) (.*)$/s.exec(label)!
    return issueCrl(prepared(key!), Number(round), input)
  })
  const crl = (key: string, at: Instant): Uint8Array =>
    published(`${crlRound(authorities[key]!, start, at)} ${key}`)

  return {
    authority: (key) => (Object.hasOwn(authorities, key) ? authority(key) : undefined),
    certificate: (node, name) => {
      const label = holderLabel(node, name)
      return keyIndexes.has(label) ? held(label) : undefined
    },
    crl: (key, at) => (Object.hasOwn(authorities, key) ? crl(key, at) : undefined),
    publications: () =>
      Object.entries(authorities).flatMap(([key, spec]) => [
        ...publicationsOf(key, spec, spec.crlUrls, 'application/pkix-crl', (at) => crl(key, at)),
        ...publicationsOf(
          key,
          spec,
          spec.aiaUrls,
          'application/pkix-cert',
          () => authority(key).certificate.der,
        ),
      ]),
  }
}

const authorityLabel = (key: string): string => `authority ${key}`
/** A line break cannot stand in a node's name, so no two holders share a label. */
const holderLabel = (node: string, name: string): string => `holder ${node}\n${name}`

function remember<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}

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

/** CDP and AIA, as far as the issuer has them. */
function publishedAt({ spec: { crlUrls = [], aiaUrls = [] } }: Authority): readonly Extension[] {
  const places = aiaUrls.map((url) => ({ method: OID.caIssuers, url }))
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

/** SHA-1 of the subjectPublicKey bits (RFC 5280 §4.2.1.2, method 1). */
function keyIdOf(spki: Uint8Array): Uint8Array {
  const key = readDer(spki, 'spki', (r) => {
    const inner = r.sequence('spki')
    inner.element('algorithm')
    return inner.octetsOfBits('subjectPublicKey')
  })
  invariant(key.ok, 'a pool key has a well-formed SubjectPublicKeyInfo')
  return new Uint8Array(createHash('sha1').update(key.value).digest())
}

/** Which CRL of the schedule is current at `at`: 0 is the first. */
function crlRound({ crl }: AuthoritySpec, start: Instant, at: Instant): number {
  if (crl?.every === undefined) return 0
  const first = after(start, crl.thisUpdate ?? CRL_THIS_UPDATE)
  return Math.max(0, Math.floor((at - first) / crl.every))
}

function issueCrl(issuer: Authority, round: number, { start, holders }: IssueInput): Uint8Array {
  const { crl } = issuer.spec
  const first = after(start, crl?.thisUpdate ?? CRL_THIS_UPDATE)
  const thisUpdate = after(first, ((crl?.every ?? 0) * round) as Duration)
  const entries = holders.flatMap(({ node, certificate }): RevokedEntry[] => {
    const { revoked } = certificate
    if (certificate.issuer !== issuer.key || revoked === undefined) return []
    const revokedAt = after(start, revoked.at)
    if (revokedAt > thisUpdate) return []
    const serial = serialOf(issuer.key, holderLabel(node, certificate.name))
    return [{ serial: toHex(serial), revokedAt, reason: revoked.reason }]
  })
  return writeCrl(
    {
      issuer: issuer.name,
      thisUpdate,
      nextUpdate: after(thisUpdate, crl?.validFor ?? CRL_VALID_FOR),
      entries,
      number: round + 1,
      authorityKeyId: issuer.keyId,
    },
    (tbs) => signSha256Rsa(tbs, issuer.keys.privateKey),
  )
}

function publicationsOf(
  authority: string,
  { publishedOn }: AuthoritySpec,
  urls: readonly string[] | undefined,
  contentType: Publication['contentType'],
  bytes: (at: Instant) => Uint8Array,
): readonly Publication[] {
  if (publishedOn === undefined) return []
  return (urls ?? []).flatMap((url) => {
    // An ldap: URL, or one that is no URL, may stand in a certificate; a web server cannot serve it.
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (parsed?.protocol !== 'http:') return []
    const path = `${parsed.pathname}${parsed.search}`
    return [{ node: publishedOn, authority, url, path, contentType, bytes }]
  })
}
