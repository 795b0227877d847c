/** NIST's path validation suite (PKITS 4.1 to 4.16), judged in the middle of the validity of its certificates. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { instant } from '../../src/base/time.ts'
import { readCertificate, type Certificate } from '../../src/pki/certificate.ts'
import { readCrl, type Crl } from '../../src/pki/crl.ts'
import { OID } from '../../src/pki/oids.ts'
import { judgeChain } from '../../src/pki/path.ts'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { dataFile, missingData } from './judges.ts'

const FILE = 'x509/pkits.json'
const skipped = missingData(FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

interface Case {
  readonly id: string
  readonly name: string
  readonly should_validate: boolean
  readonly initial_policy_set: readonly string[]
  readonly explicit: boolean
  readonly inhibit_mapping: boolean
  readonly inhibit_any: boolean
  /** Root first. */
  readonly certs: readonly string[]
  readonly crls: readonly string[]
}

interface Suite {
  readonly testcases: readonly Case[]
  readonly certs_der_b64: Readonly<Record<string, string>>
  readonly crls_der_b64: Readonly<Record<string, string>>
}

const AT = instant('2011-04-15T00:00:00Z')

/** Path validation alone: the suite breaks what RFC 5280 §4 demands of issuers, and signs with DSA and SHA-1. */
const PROFILE = {
  ...PROFILES.strict,
  purposes: [],
  demandsConformance: false,
  strength: PROFILES['ike-client'].strength,
}

/** NIST-test-policy-1 and its like, below the arc of the suite. */
const policyOid = (name: string): string =>
  name === 'anyPolicy' ? OID.anyPolicy : `2.16.840.1.101.3.2.1.48.${/\d+$/.exec(name)?.[0]}`

function verdictOf(suite: Suite, pkits: Case): { valid: boolean; why: string } {
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

test.skipIf(skipped !== undefined)('PKITS', () => {
  const suite = JSON.parse(readFileSync(dataFile(FILE)).toString()) as Suite
  const wrong = suite.testcases.flatMap((pkits) => {
    const { valid, why } = verdictOf(suite, pkits)
    return valid === pkits.should_validate ? [] : [`${pkits.id} ${pkits.name}: ${valid} ${why}`]
  })
  expect(suite.testcases).toHaveLength(249)
  expect(wrong).toEqual([])
})
