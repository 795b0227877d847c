/** A two-tier hierarchy as the tutorial has it, for the tests of this folder and of `test/node`. Not the Contoso topology. */
import { invariant } from '../../src/base/invariant.ts'
import { days, instant, type Instant } from '../../src/base/time.ts'
import { concat } from '../../src/base/bytes.ts'
import { readCertificate, type Certificate } from '../../src/pki/certificate/certificate.ts'
import { readCrl, type Crl } from '../../src/pki/revocation/crl.ts'
import { issuePki, type Held, type Pki } from '../../src/pki/issuing/issue.ts'
import { judgeChain, type ChainQuestion, type ChainVerdict } from '../../src/pki/path/path.ts'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import type { CrlSource } from '../../src/pki/revocation/revocation.ts'
import type { AuthoritySpec, CertificateSpec } from '../../src/topology/pki.ts'

export const START = instant('2026-03-02T08:00:00Z')

export const ROOT: AuthoritySpec = {
  subject: 'CN=Contoso Root CA, O=Contoso',
  validFor: days(7300),
  crlUrls: ['http://pki.contoso.com/root.crl'],
  aiaUrls: ['http://pki.contoso.com/root.crt'],
  publishedOn: 'ca1',
  crl: { every: days(90), validFor: days(180) },
}

export const ISSUING: AuthoritySpec = {
  subject: 'CN=Contoso Issuing CA, DC=corp, DC=contoso, DC=com',
  issuer: 'root',
  validFor: days(1825),
  pathLength: 0,
  crlUrls: ['http://pki.contoso.com/issuing.crl'],
  aiaUrls: ['http://pki.contoso.com/issuing.crt'],
  publishedOn: 'ca1',
  crl: { every: days(1), validFor: days(3) },
}

export const GATEWAY: CertificateSpec = {
  name: 'ike',
  issuer: 'issuing',
  subject: 'CN=vpn.contoso.com',
  dns: ['vpn.contoso.com'],
  eku: ['serverAuth', 'ikeIntermediate'],
  validFor: days(365),
}

export interface Site {
  readonly root?: Partial<AuthoritySpec>
  readonly issuing?: Partial<AuthoritySpec>
  readonly authorities?: Readonly<Record<string, AuthoritySpec>>
  /** The gateway's certificates; by default the one of {@link GATEWAY}. */
  readonly certificates?: readonly CertificateSpec[]
  /** Default {@link START}. */
  readonly start?: Instant
}

export const site = ({
  root,
  issuing,
  authorities,
  certificates = [GATEWAY],
  start = START,
}: Site = {}) => ({
  authorities: { root: { ...ROOT, ...root }, issuing: { ...ISSUING, ...issuing }, ...authorities },
  holders: certificates.map((certificate) => ({ node: 'gateway', certificate })),
  start,
})

export function pkiOf(spec: Site = {}): Pki {
  const pki = issuePki(site(spec))
  invariant(pki.ok, JSON.stringify(pki))
  return pki.value
}

export const held = (pki: Pki, name = 'ike'): Held => pki.certificate('gateway', name)!

export const rootOf = (pki: Pki): Certificate => pki.authority('root')!.certificate

export function crlOf(pki: Pki, key: string, at: Instant): Crl {
  const crl = readCrl(pki.crl(key, at)!)
  invariant(crl.ok, JSON.stringify(crl))
  return crl.value
}

/** A relying party that can reach every CRL, as published at `at`. */
export const freshCrls =
  (pki: Pki, at: Instant, keys: readonly string[] = ['root', 'issuing']): CrlSource =>
  ({ issuer }) => {
    const crls = keys.map((key) => crlOf(pki, key, at))
    const crl = crls.find((candidate) => candidate.issuer.key === issuer.key)
    return crl === undefined ? { kind: 'unreachable', tried: [] } : { kind: 'known', crls: [crl] }
  }

/** Judge the gateway's certificate as the strict profile would, with everything reachable; `change` what the test is about. */
export function judge(pki: Pki, change: Partial<ChainQuestion> = {}): ChainVerdict {
  const at = change.at ?? START
  const { certificate, chain } = held(pki)
  return judgeChain({
    leaf: certificate,
    sent: chain,
    intermediates: [],
    anchors: [rootOf(pki)],
    at,
    profile: PROFILES.strict,
    name: 'vpn.contoso.com',
    crls: freshCrls(pki, at),
    ...change,
  })
}

export const codesOf = (verdict: { readonly failures: readonly { readonly code: string }[] }) =>
  verdict.failures.map(({ code }) => code)

/** Read a certificate that a test made. */
export function reread(der: Uint8Array): Certificate {
  const read = readCertificate(der)
  invariant(read.ok, JSON.stringify(read))
  return read.value
}

/** The same certificate with its last signature byte changed. */
export const forge = ({ der }: Certificate): Certificate =>
  reread(concat(der.slice(0, -1), Uint8Array.of(der.at(-1)! ^ 1)))
