/** Each chain of x509-limbo and BetterTLS, mirrored, is accepted or refused as the original is, for the same first reason. */
import { expect, test } from 'vitest'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { readContainer } from '../../../src/pki/files/containers.ts'
import { mirrorCertificates } from '../../../src/pki/mirror/mirror.ts'
import { STRICT } from '../../../src/pki/profile/profiles.ts'
import { readSuite } from '../../oracle/options.ts'
import { judgeCase } from '../../oracle/x509/judge.ts'
import { limboSuite, type LimboCase } from '../../oracle/x509/suite.ts'
import { pem } from '../armour.ts'
import { dataFile, LIMBO_FILE, missingData } from '../judges.ts'

const skipped = missingData(LIMBO_FILE)
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

/** Keys and signature algorithms are what a mirror cannot keep. */
const PROFILE = { ...STRICT, strength: { modulusMin: 0, curveMin: 0, allowsSha1: true } }

const contentsOf = (text: string) => {
  const read = readContainer(utf8(text))
  return read.ok ? read.value : undefined
}

/** The same case with mirrors in it, or why there is none. Certificates that do not read stay as they are. */
function mirroredCase(limbo: LimboCase): LimboCase | string {
  const pems = [limbo.peer_certificate, ...limbo.trusted_certs, ...limbo.untrusted_intermediates]
  const certificates = pems.flatMap((text) => contentsOf(text)?.certificates ?? [])
  const crls = limbo.crls.flatMap((text) => contentsOf(text)?.crls ?? [])
  const made = mirrorCertificates({ certificates, crls })
  if (!made.ok) return made.error.message
  const copies = new Map([
    ...made.value.certificates.map(
      ({ original, certificate }) =>
        [toHex(original.der), pem('CERTIFICATE', certificate.der)] as const,
    ),
    ...made.value.crls.map(
      ({ original, crl }) => [toHex(original.der), pem('X509 CRL', crl.der)] as const,
    ),
  ])
  const copy = (text: string): string => {
    const contents = contentsOf(text)
    const [first] = [...(contents?.certificates ?? []), ...(contents?.crls ?? [])]
    return first === undefined ? text : copies.get(toHex(first.der))!
  }
  return {
    ...limbo,
    peer_certificate: copy(limbo.peer_certificate),
    trusted_certs: limbo.trusted_certs.map(copy),
    untrusted_intermediates: limbo.untrusted_intermediates.map(copy),
    crls: limbo.crls.map(copy),
    signature_algorithms: [],
  }
}

test.skipIf(skipped !== undefined)('limbo and BetterTLS in the mirror', { timeout: 60_000 }, () => {
  const suite = readSuite(dataFile(LIMBO_FILE), limboSuite)
  if (!suite.ok) throw new Error(suite.error)
  const refused: string[] = []
  const differing: string[] = []
  for (const limbo of suite.value.testcases) {
    const mirrored = mirroredCase(limbo)
    if (typeof mirrored === 'string') {
      refused.push(`${limbo.id}: ${mirrored}`)
      continue
    }
    const [was, is] = [{ ...limbo, signature_algorithms: [] }, mirrored].map((each) => {
      const { accepted, failure } = judgeCase(each, PROFILE)
      return accepted ? 'accepted' : failure?.code
    })
    if (was !== is) differing.push(`${limbo.id}: ${was} became ${is}`)
  }
  // How a curve is written is the key's, which a mirror has of its own.
  expect(differing).toEqual(['webpki::explicit-curve: pki/not-conforming became accepted'])
  expect(refused).toEqual([
    'invalid::invalid-issuer-key: its signature (algorithm 1.2.840.113549.1.1.11) cannot be verified here, so who made it cannot be told',
    'pathological::pathological-chain-same-subject-same-key: more than 10000 signatures to verify',
    'bettertls::pathbuilding::tc63: 24 authorities with keys of their own, more than the 16 lab keys',
  ])
})
