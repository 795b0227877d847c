/**
 * Half of x509-limbo and a tenth of BetterTLS, judged natively. Name constraints, policies and weak keys are not implemented yet, so
 * the counts are printed and only their floor is held; what counts here is that nothing throws and that the search stays small.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { ms, type Instant } from '../../src/base/time.ts'
import { readCertificates, readPem, type Certificate } from '../../src/pki/certificate.ts'
import { readCrl } from '../../src/pki/crl.ts'
import { EKU_OIDS } from '../../src/pki/oids.ts'
import { judgeChain } from '../../src/pki/path.ts'
import { PROFILES } from '../../src/pki/profiles.ts'
import { dataFile, missingData } from './judges.ts'

const FILE = 'x509/limbo-half.json.gz'
const skipped = missingData(FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

interface Case {
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

function accepts(limbo: Case): boolean {
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
      ...PROFILES.strict,
      revocation: crls.length > 0 ? 'hard' : 'none',
      purposes: [EKU_OIDS[limbo.validation_kind === 'CLIENT' ? 'clientAuth' : 'serverAuth']],
    },
    ...(name !== undefined && { name }),
    crls: ({ issuer }) => {
      const found = crls.find((crl) => crl.ok && crl.value.issuer.key === issuer.key)
      return found?.ok ? { kind: 'known', crl: found.value } : { kind: 'unreachable', tried: [] }
    },
  }).valid
}

test.skipIf(skipped !== undefined)('x509-limbo and BetterTLS', () => {
  const suite = JSON.parse(gunzipSync(readFileSync(dataFile(FILE))).toString()) as {
    testcases: Case[]
  }
  const counts = new Map<string, number>()
  for (const limbo of suite.testcases.filter(({ max_chain_depth }) => max_chain_depth === null)) {
    const family = limbo.id.startsWith('bettertls') ? 'bettertls' : 'limbo'
    const accepted = accepts(limbo)
    const expected = limbo.expected_result === 'SUCCESS'
    const key = `${family} ${accepted === expected ? 'right' : accepted ? 'false accept' : 'false reject'}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  console.log([...counts].map(([key, count]) => `${key}: ${count}`).join(', '))
  expect(counts.get('bettertls right')).toBeGreaterThan(870)
  expect(counts.get('limbo right')).toBeGreaterThan(60)
})
