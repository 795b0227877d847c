/**
 * Distinct three-certificate chains with the CRLs that clear them, for the `chain` bench, as DER and nothing else.
 * Not fixtures: the project's own authority issues them, so they carry what a deployment's certificates carry.
 */
import { days, instant } from '../src/base/time.ts'
import { issuePki } from '../src/pki/issuing/issue.ts'
import type { AuthoritySpec, CertificateSpec } from '../src/topology/pki.ts'

/** When every chain is judged. */
export const JUDGED_AT = instant('2026-03-02T08:00:00Z')

/** DER of one chain. */
export interface IssuedChain {
  /** What the gateway is dialled as. */
  readonly name: string
  readonly leaf: Uint8Array
  readonly issuing: Uint8Array
  readonly root: Uint8Array
  /** On `issuing`. */
  readonly rootCrl: Uint8Array
  /** On `leaf`. */
  readonly issuingCrl: Uint8Array
}

/** Chain number `n`: names, serial numbers, URLs and signatures of its own, and three of the pool's 16 keys. */
export function issueChain(n: number): IssuedChain {
  const domain = `company${n}.example`
  // Keys follow labels, so the labels differ, too.
  const [root, issuing, leaf] = [`root ${n}`, `issuing ${n}`, `ike ${n}`]
  const name = `vpn.${domain}`
  const pki = issuePki({
    authorities: {
      [root]: authority(`CN=Company ${n} Root CA, O=Company ${n}`, `http://pki.${domain}/root`),
      [issuing]: {
        ...authority(
          `CN=Company ${n} Issuing CA, DC=corp, DC=company${n}, DC=example`,
          `http://pki.${domain}/issuing`,
        ),
        issuer: root,
        pathLength: 0,
      },
    },
    holders: [{ node: 'gateway', certificate: gatewayCertificate(leaf, issuing, name) }],
    start: JUDGED_AT,
  })
  if (!pki.ok) throw new Error(`chain ${n} cannot be issued: ${JSON.stringify(pki.error)}`)
  const { value: issued } = pki
  return {
    name,
    leaf: issued.certificate('gateway', leaf)!.certificate.der,
    issuing: issued.authority(issuing)!.certificate.der,
    root: issued.authority(root)!.certificate.der,
    rootCrl: issued.crl(root, JUDGED_AT)!,
    issuingCrl: issued.crl(issuing, JUDGED_AT)!,
  }
}

const authority = (subject: string, url: string): AuthoritySpec => ({
  subject,
  validFor: days(1825),
  crlUrls: [`${url}.crl`],
  aiaUrls: [`${url}.crt`],
})

const gatewayCertificate = (label: string, issuer: string, dns: string): CertificateSpec => ({
  name: label,
  issuer,
  subject: `CN=${dns}`,
  dns: [dns],
  eku: ['serverAuth', 'ikeIntermediate'],
  validFor: days(365),
})
