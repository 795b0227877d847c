/**
 * What the CA/Browser Forum's Baseline Requirements for TLS certificates (version 2.1) demand beyond RFC 5280, as far as a relying
 * party can see it. Not what an enterprise PKI follows, and not what binds the issuer alone (its own records, its CPS).
 */
import { formatAddressBytes } from './host-name.ts'
import { after, days, instant, type Instant } from '../../base/time.ts'
import { subjectOf, type Certificate } from '../certificate/certificate.ts'
import { contextPrimitive, readDer } from '../encoding/der.ts'
import type { PathFailure } from './failure.ts'
import { ATTRIBUTE_OIDS, OID, oidName } from '../encoding/oids.ts'
import type { PathFindings } from './profile.ts'
import { bitLength, publicKeyForm } from '../keys/public-key.ts'
import { isUsableKey } from '../keys/verification-key.ts'

/** A rule that a certificate breaks: which, and what it has instead. */
interface Breach {
  readonly code?: PathFailure['code']
  readonly message: string
  /** Section of the Baseline Requirements. */
  readonly rule: string
  readonly got?: string
}

/** Looks at one certificate in its place. */
export type WebRule = (certificate: Certificate, place: Place) => readonly Breach[]

/** `root`: self-issued, at the end of a path. `peer`: an end entity that is trusted itself, and not for an issuer's sake. */
type Place = 'end entity' | 'authority' | 'root' | 'peer'

const isEndEntity = (place: Place): boolean => place === 'end entity' || place === 'peer'

const breach = (rule: string, message: string, got?: string): readonly Breach[] => [
  { rule, message, ...(got !== undefined && { got }) },
]

/** §7.1.2.7.12: the subjectAltName is there, critical only without a subject, and only hosts and addresses stand in it. */
export const needsSubjectAltName: WebRule = ({ subject, subjectAltName, extensions }, place) => {
  if (!isEndEntity(place)) return []
  if (subjectAltName === undefined) return breach('7.1.2.7.12', 'has no subjectAltName')
  const isCritical = extensions.some(({ oid, critical }) => oid === OID.subjectAltName && critical)
  if (isCritical && subject.rdns.length > 0) {
    return breach('7.1.2.7.12', 'has a subject, and a critical subjectAltName beside it')
  }
  const other = subjectAltName.find(({ kind }) => kind !== 'dns' && kind !== 'ip')
  return other === undefined
    ? []
    : breach('7.1.2.7.12', 'has a name that is neither a host nor an address', other.kind)
}

/**
 * §7.1.4.3: a common name is one of the names of the subjectAltName, in the canonical form of its kind. The domain of a wildcard is let
 * pass beside the wildcard itself: certificates for whole domains have long been written so, and x509-limbo accepts one.
 */
export const repeatsCommonName: WebRule = ({ subject, subjectAltName }, place) => {
  if (!isEndEntity(place) || subjectAltName === undefined) return []
  const common = subject.rdns.flat().filter(({ type }) => type === ATTRIBUTE_OIDS.CN)
  const names = subjectAltName.flatMap((name): readonly string[] => {
    if (name.kind === 'ip') return [formatAddressBytes(name.address)]
    return name.kind === 'dns' ? [name.value, name.value.replace(/^\*\./, '')] : []
  })
  const odd = common.find(({ value }) => !names.includes(value))
  if (odd === undefined && common.length < 2) return []
  const message = 'has a common name that is not a name of its subjectAltName'
  return breach('7.1.4.3', message, common.map(({ value }) => value).join(', '))
}

/** §7.1.2.7.10: extKeyUsage is there. */
export const needsExtKeyUsage: WebRule = ({ extKeyUsage }, place) =>
  isEndEntity(place) && extKeyUsage === undefined
    ? [{ code: 'pki/wrong-eku', rule: '7.1.2.7.10', message: 'has no extKeyUsage' }]
    : []

/** §7.1.2.7.6: extKeyUsage is not critical. §7.1.2.1.2: a root has none. */
export const placesExtKeyUsage: WebRule = ({ extensions }, place) => {
  const found = extensions.find(({ oid }) => oid === OID.extKeyUsage)
  if (found === undefined || place === 'authority') return []
  if (place === 'root') return breach('7.1.2.1.2', 'is a root with extKeyUsage')
  return found.critical ? breach('7.1.2.7.6', 'carries extKeyUsage as critical') : []
}

/** §7.1.2.7.10: purposes that must not stand beside serverAuth. */
const OTHER_PURPOSES = new Map<string, string>([
  [OID.anyExtendedKeyUsage, 'anyExtendedKeyUsage'],
  ['1.3.6.1.5.5.7.3.3', 'codeSigning'],
  ['1.3.6.1.5.5.7.3.4', 'emailProtection'],
  ['1.3.6.1.5.5.7.3.8', 'timeStamping'],
  ['1.3.6.1.5.5.7.3.9', 'OCSPSigning'],
])

export const mixesNoPurposes: WebRule = ({ extKeyUsage = [] }, place) => {
  const other = extKeyUsage.filter((purpose) => OTHER_PURPOSES.has(purpose))
  if (!isEndEntity(place) || other.length === 0) return []
  const got = other.map((purpose) => OTHER_PURPOSES.get(purpose)).join(', ')
  const message = 'has purposes that must not stand beside that of a TLS server'
  return [{ code: 'pki/wrong-eku', rule: '7.1.2.7.10', message, got }]
}

/** §7.1.2.7.8, §7.1.2.7.11: an end entity is no authority, and its key signs neither certificates nor CRLs. */
export const endEntityIsNoAuthority: WebRule = ({ basicConstraints, keyUsage = [] }, place) => {
  if (place !== 'end entity') return []
  if (basicConstraints?.cA === true) return breach('7.1.2.7.8', 'is an authority', 'cA TRUE')
  const odd = keyUsage.filter((bit) => bit === 'keyCertSign' || bit === 'cRLSign')
  return odd.length === 0
    ? []
    : breach('7.1.2.7.11', 'has a key for what only authorities do', odd.join(', '))
}

/** §7.1.1: version 3. */
export const isVersion3: WebRule = ({ version }) =>
  version === 3 ? [] : breach('7.1.1', 'is not of version 3', `version ${version}`)

/** The curves of §6.1.5. */
const CURVES = new Map<string, string>([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
  ['1.3.132.0.35', 'P-521'],
])
const MODULUS_BITS_MIN = 2048

/** §6.1.5, §6.1.6: RSA of at least 2048 bits in whole octets, or a key on one of three named curves. */
export const hasWebKey: WebRule = ({ spki }) => {
  const refuse = (got: string): readonly Breach[] => [
    { code: 'pki/weak-algorithm', rule: '6.1.5', message: 'has a key of a kind not allowed', got },
  ]
  const form = publicKeyForm(spki)
  if (form === undefined) return refuse('no key')
  if (form.kind === 'other') return refuse(oidName(form.algorithm))
  if (form.kind === 'ec') {
    const { curve = 'a curve without a name' } = form
    return CURVES.has(curve) ? [] : refuse(curve)
  }
  const bits = bitLength(form.modulus)
  const isAllowed = bits >= MODULUS_BITS_MIN && bits % 8 === 0 && isUsableKey(spki)
  return isAllowed ? [] : refuse(`RSA of ${bits} bits`)
}

/** §7.1.2.1.3, §7.1.2.11.1: authorityKeyIdentifier has a keyIdentifier, a root's its own, and nothing else. */
export const hasPlainAuthorityKeyId: WebRule = (certificate, place) => {
  const rule = place === 'root' ? '7.1.2.1.3' : '7.1.2.11.1'
  const found = certificate.extensions.find(({ oid }) => oid === OID.authorityKeyIdentifier)
  if (found === undefined) return []
  const read = readDer(found.value, 'authorityKeyIdentifier', (outer) => {
    const r = outer.sequence('authorityKeyIdentifier')
    const isKeyId = r.nextTag === contextPrimitive(0)
    r.element('authorityKeyIdentifier')
    return isKeyId && r.atEnd
  })
  if (!read.ok || !read.value) {
    return breach(rule, 'has an authorityKeyIdentifier that is not a keyIdentifier alone')
  }
  const { authorityKeyId, subjectKeyId } = certificate
  const isOwn = String(authorityKeyId) === String(subjectKeyId)
  return place === 'root' && !isOwn ? breach(rule, 'is a root that names another’s key') : []
}

/** §6.3.2 and its ancestors: the longest life, by the day from which on it is issued. */
const LIFETIMES: readonly { readonly from: string; readonly days: number }[] = [
  { from: '2029-03-15T00:00:00Z', days: 47 },
  { from: '2027-03-15T00:00:00Z', days: 100 },
  { from: '2026-03-15T00:00:00Z', days: 200 },
  { from: '2020-09-01T00:00:00Z', days: 398 },
  { from: '2018-03-01T00:00:00Z', days: 825 },
]

export const isShortLived: WebRule = ({ notBefore, notAfter }, place) => {
  const limit = LIFETIMES.find(({ from }) => notBefore >= instant(from))
  if (!isEndEntity(place) || limit === undefined) return []
  // The second of notAfter counts whole.
  return notAfter < after(notBefore, days(limit.days))
    ? []
    : breach('6.3.2', `is valid for more than ${limit.days} days`)
}

/** All of them. */
export const WEB_RULES: readonly WebRule[] = [
  isVersion3,
  needsSubjectAltName,
  repeatsCommonName,
  needsExtKeyUsage,
  placesExtKeyUsage,
  mixesNoPurposes,
  endEntityIsNoAuthority,
  hasWebKey,
  hasPlainAuthorityKeyId,
  isShortLived,
]

/** What a relying party that follows `rules` demands of a path that ends in an anchor, end entity first. */
export const demandsOf =
  (rules: readonly WebRule[]) =>
  (path: readonly Certificate[], _at: Instant): PathFindings => ({
    failures: path.flatMap((certificate, i) => {
      const place = placeOf(path, i)
      return rules
        .flatMap((rule) => rule(certificate, place))
        .map(({ code = 'pki/not-conforming', message, rule, got }) => ({
          code,
          subject: subjectOf(certificate),
          message,
          expected: `what §${rule} of the Baseline Requirements demands`,
          ...(got !== undefined && { got }),
        }))
    }),
    tolerated: [],
  })

function placeOf(path: readonly Certificate[], index: number): Place {
  const { subject, issuer } = path[index]!
  if (index === 0) return path.length === 1 ? 'peer' : 'end entity'
  return index === path.length - 1 && subject.key === issuer.key ? 'root' : 'authority'
}
