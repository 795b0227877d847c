/** Puts one case to the path judgement, as a relying party of some profile. Not a comparison: {@link ./compare.ts} makes it. */
import { utf8 } from '../../../src/base/bytes.ts'
import { ms, type Instant } from '../../../src/base/time.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { readCertificates } from '../../../src/pki/files/containers.ts'
import { readCrl } from '../../../src/pki/revocation/crl.ts'
import type { PathFailure } from '../../../src/pki/profile/failure.ts'
import { isNamed } from '../../../src/pki/profile/host-name.ts'
import { judgeChain } from '../../../src/pki/path/path.ts'
import { readPem } from '../../../src/pki/encoding/pem.ts'
import type { RelyingPartyProfile } from '../../../src/pki/profile/profile.ts'
import { algorithmsOf, keyUsageOf, purposesOf, type LimboCase } from './suite.ts'

export interface CaseVerdict {
  readonly accepted: boolean
  /** The most telling failure; absent when accepted. */
  readonly failure?: Pick<PathFailure, 'code' | 'subject' | 'message'>
}

/** Certificates of a case that do not read are not there: a path cannot go through them. */
const certificatesOf = (pems: readonly string[]): readonly Certificate[] =>
  pems.flatMap((pem) => {
    const read = readCertificates(utf8(pem))
    return read.ok ? read.value : []
  })

/** For CRLs, where a case has some and states no time. */
const SOME_TIME = '2024-06-01T00:00:00Z'

/** Whether a relying party of `profile` accepts; revocation is checked where the case has CRLs, dates where it has a time. */
export function judgeCase(limbo: LimboCase, profile: RelyingPartyProfile): CaseVerdict {
  const read = readCertificates(utf8(limbo.peer_certificate))
  if (!read.ok) return refused('pki/malformed', `${read.error.field}: ${read.error.rule}`)
  const leaf = read.value[0]!
  const crls = limbo.crls.flatMap((pem) => {
    const blocks = readPem(pem, new Set(['X509 CRL']))
    return (blocks.ok ? blocks.value : []).map((der) => readCrl(der))
  })
  const { validation_time: time, max_chain_depth: depth } = limbo
  const name = limbo.expected_peer_name?.value
  const verdict = judgeChain({
    leaf,
    sent: certificatesOf(limbo.untrusted_intermediates),
    intermediates: [],
    anchors: certificatesOf(limbo.trusted_certs),
    at: ms(Date.parse(time ?? SOME_TIME)) as number as Instant,
    ignoresDates: time === null || time === undefined,
    profile: profileFor(limbo, profile),
    ...(name !== undefined && { name }),
    ...(typeof depth === 'number' && { authoritiesMax: depth }),
    crls: ({ issuer }) => {
      const known = crls.flatMap((crl) => (crl.ok ? [crl.value] : []))
      const found = known.filter((crl) => crl.issuer.key === issuer.key)
      return found.length > 0 ? { kind: 'known', crls: found } : { kind: 'unreachable', tried: [] }
    },
  })
  if (!verdict.valid) return { accepted: false, failure: verdict.failures[0]! }
  const other = limbo.expected_peer_names.find(({ value }) => !isNamed(leaf, value, profile))
  return other === undefined
    ? { accepted: true }
    : refused('pki/name-mismatch', `is not for ${other.value}`)
}

const refused = (code: PathFailure['code'], message: string): CaseVerdict => ({
  accepted: false,
  failure: { code, subject: 'the peer certificate', message },
})

/** `profile` with what the case asks for beside it. */
function profileFor(limbo: LimboCase, profile: RelyingPartyProfile): RelyingPartyProfile {
  const algorithms = algorithmsOf(limbo)
  return {
    ...profile,
    revocation: limbo.crls.length > 0 ? 'hard' : 'none',
    purposes: purposesOf(limbo),
    keyUsage: keyUsageOf(limbo),
    strength: { ...profile.strength, ...(algorithms !== undefined && { algorithms }) },
  }
}
