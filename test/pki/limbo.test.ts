/**
 * Half of x509-limbo and a tenth of BetterTLS, judged as `strict` judges: RFC 5280 and nothing of the web's own rules. Each case that
 * comes out otherwise than the suite has it is named here, with the reason.
 */
import { expect, test } from 'vitest'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { missingData } from './judges.ts'
import { accepts, LIMBO_FILE, readLimbo } from './limbo.ts'

const skipped = missingData(LIMBO_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

/** What browsers demand beyond RFC 5280: CA/Browser Forum Baseline Requirements. */
const WEB_ONLY = 'a rule of the CA/Browser Forum, which an enterprise PKI does not follow'

/** Cases that `strict` accepts and the suite does not. There are none the other way round. */
const KNOWN_DIFFERENCES = new Map<string, string>([
  [
    'rfc5280::aki::cross-signed-root-missing-aki',
    'cve::cve-2024-0567 trusts the same kind of root and must be accepted; no implementation tells them apart',
  ],
  ['webpki::aki::root-with-aki-missing-keyidentifier', WEB_ONLY],
  ['webpki::aki::root-with-aki-authoritycertserialnumber', WEB_ONLY],
  ['webpki::cn::ipv4-hex-mismatch', WEB_ONLY],
  ['webpki::cn::ipv4-leading-zeros-mismatch', WEB_ONLY],
  ['webpki::cn::ipv6-non-rfc5952-mismatch', WEB_ONLY],
  ['webpki::cn::punycode-not-in-san', WEB_ONLY],
  ['webpki::cn::not-in-san', WEB_ONLY],
  ['webpki::eku::ee-critical-eku', WEB_ONLY],
  ['webpki::san::public-suffix-multi-label-wildcard-san', WEB_ONLY],
  ['webpki::san::public-suffix-private-namespace-wildcard-san', WEB_ONLY],
  ['webpki::explicit-curve', WEB_ONLY],
  ['webpki::ee-basicconstraints-ca', WEB_ONLY],
])

test.skipIf(skipped !== undefined)('x509-limbo and BetterTLS', () => {
  const falseAccepts: string[] = []
  const falseRejects: string[] = []
  const counts = { bettertls: 0, native: 0 }
  for (const limbo of readLimbo()) {
    const accepted = accepts(limbo, PROFILES.strict)
    if (accepted === (limbo.expected_result === 'SUCCESS')) {
      counts[limbo.id.startsWith('bettertls') ? 'bettertls' : 'native']++
    } else (accepted ? falseAccepts : falseRejects).push(limbo.id)
  }
  expect(falseRejects).toEqual([])
  expect(falseAccepts).toEqual([...KNOWN_DIFFERENCES.keys()])
  expect(counts).toEqual({ bettertls: 951, native: 86 })
})
