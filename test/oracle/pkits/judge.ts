/** NIST's path validation suite (PKITS 4.1 to 4.16), judged in the middle of the validity of its certificates. */
import { z } from 'zod'
import { instant } from '../../../src/base/time.ts'
import { readCertificate, type Certificate } from '../../../src/pki/certificate/certificate.ts'
import { readCrl, type Crl } from '../../../src/pki/revocation/crl.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { judgeChain } from '../../../src/pki/path/path.ts'
import type { RelyingPartyProfile } from '../../../src/pki/profile/profile.ts'
import { PROFILES } from '../../../src/windows/relying-parties.ts'

const testcase = z.object({
  id: z.string(),
  name: z.string(),
  should_validate: z.boolean(),
  initial_policy_set: z.array(z.string()),
  explicit: z.boolean(),
  inhibit_mapping: z.boolean(),
  inhibit_any: z.boolean(),
  /** Root first. */
  certs: z.array(z.string()),
  crls: z.array(z.string()),
})

export const pkitsSuite = z.object({
  testcases: z.array(testcase),
  certs_der_b64: z.record(z.string(), z.string()),
  crls_der_b64: z.record(z.string(), z.string()),
})

export type PkitsSuite = z.infer<typeof pkitsSuite>
type PkitsCase = z.infer<typeof testcase>

const AT = instant('2011-04-15T00:00:00Z')

/** Path validation alone: the suite breaks what RFC 5280 §4 demands of issuers, and signs with DSA and SHA-1. */
const PROFILE: RelyingPartyProfile = {
  ...PROFILES.strict,
  purposes: [],
  demandsConformance: false,
  strength: PROFILES['ike-client'].strength,
}

/** NIST-test-policy-1 and its like, below the arc of the suite. */
const policyOid = (name: string): string =>
  name === 'anyPolicy' ? OID.anyPolicy : `2.16.840.1.101.3.2.1.48.${/\d+$/.exec(name)?.[0]}`

/** The cases that come out otherwise than the suite has it, each in one line with what was said. */
export const pkitsDifferences = (suite: PkitsSuite): readonly string[] =>
  suite.testcases.flatMap((pkits) => {
    const { valid, why } = verdictOf(suite, pkits)
    return valid === pkits.should_validate ? [] : [`${pkits.id} ${pkits.name}: ${valid} ${why}`]
  })

function verdictOf(suite: PkitsSuite, pkits: PkitsCase): { valid: boolean; why: string } {
  const certificates = pkits.certs.flatMap((name): readonly Certificate[] => {
    const read = readCertificate(Buffer.from(suite.certs_der_b64[name]!, 'base64'))
    return read.ok ? [read.value] : []
  })
  const crls = pkits.crls.flatMap((name): readonly Crl[] => {
    const read = readCrl(Buffer.from(suite.crls_der_b64[name]!, 'base64'))
    return read.ok ? [read.value] : []
  })
  if (certificates.length < pkits.certs.length) return { valid: false, why: 'unreadable' }
  const verdict = judgeChain({
    leaf: certificates.at(-1)!,
    sent: certificates.slice(1, -1),
    intermediates: [],
    anchors: certificates.slice(0, 1),
    at: AT,
    profile: PROFILE,
    policies: {
      acceptable: pkits.initial_policy_set.map(policyOid),
      requireExplicit: pkits.explicit,
      inhibitMapping: pkits.inhibit_mapping,
      inhibitAny: pkits.inhibit_any,
    },
    crls: ({ issuer }) => {
      const found = crls.filter((crl) => crl.issuer.key === issuer.key)
      return found.length > 0 ? { kind: 'known', crls: found } : { kind: 'unreachable', tried: [] }
    },
  })
  return { valid: verdict.valid, why: JSON.stringify(verdict.failures) }
}
