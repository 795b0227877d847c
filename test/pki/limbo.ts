/** Cases in x509-limbo's format, read and put to the path judgement. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { utf8 } from '../../src/base/bytes.ts'
import { ms, type Instant } from '../../src/base/time.ts'
import type { Certificate } from '../../src/pki/certificate.ts'
import { readCertificates } from '../../src/pki/containers.ts'
import { readCrl } from '../../src/pki/crl.ts'
import { EKU_OIDS } from '../../src/pki/oids.ts'
import { judgeChain } from '../../src/pki/path.ts'
import { readPem } from '../../src/pki/pem.ts'
import type { RelyingPartyProfile } from '../../src/pki/profile.ts'
import { dataFile } from './judges.ts'

export const LIMBO_FILE = 'x509/limbo-half.json.gz'

export interface LimboCase {
  readonly id: string
  readonly validation_kind: 'SERVER' | 'CLIENT'
  readonly trusted_certs: readonly string[]
  readonly untrusted_intermediates: readonly string[]
  readonly peer_certificate: string
  readonly validation_time: string | null
  readonly expected_result: 'SUCCESS' | 'FAILURE'
  readonly expected_peer_name: { readonly value: string } | null
  readonly max_chain_depth: number | null
  readonly crls: readonly string[]
}

const certificatesOf = (pems: readonly string[]): readonly Certificate[] =>
  pems.flatMap((pem) => {
    const read = readCertificates(utf8(pem))
    return read.ok ? read.value : []
  })

/** The suite's certificates are valid then; a null time means that dates are not the point. */
const SOME_TIME = '2024-06-01T00:00:00Z'

/** Whether a relying party of `profile` accepts; revocation is checked where the case has CRLs. */
export function accepts(limbo: LimboCase, profile: RelyingPartyProfile): boolean {
  const [leaf] = certificatesOf([limbo.peer_certificate])
  if (leaf === undefined) return false
  const crls = limbo.crls.flatMap((pem) => {
    const blocks = readPem(pem, new Set(['X509 CRL']))
    return (blocks.ok ? blocks.value : []).map((der) => readCrl(der))
  })
  const name = limbo.expected_peer_name?.value
  return judgeChain({
    leaf,
    sent: certificatesOf(limbo.untrusted_intermediates),
    intermediates: [],
    anchors: certificatesOf(limbo.trusted_certs),
    at: ms(Date.parse(limbo.validation_time ?? SOME_TIME)) as number as Instant,
    profile: {
      ...profile,
      revocation: crls.length > 0 ? 'hard' : 'none',
      purposes: [EKU_OIDS[limbo.validation_kind === 'CLIENT' ? 'clientAuth' : 'serverAuth']],
    },
    ...(name !== undefined && { name }),
    ...(limbo.max_chain_depth !== null && { authoritiesMax: limbo.max_chain_depth }),
    crls: ({ issuer }) => {
      const known = crls.flatMap((crl) => (crl.ok ? [crl.value] : []))
      const found = known.filter((crl) => crl.issuer.key === issuer.key)
      return found.length > 0 ? { kind: 'known', crls: found } : { kind: 'unreachable', tried: [] }
    },
  }).valid
}

export function readLimbo(): readonly LimboCase[] {
  const suite = JSON.parse(gunzipSync(readFileSync(dataFile(LIMBO_FILE))).toString()) as {
    readonly testcases: readonly LimboCase[]
  }
  return suite.testcases
}
