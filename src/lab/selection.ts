/**
 * Which certificate a node of a topology would show, and to whom: its stores and settings, handed to the rules of Windows.
 * Not the rules: `windows/certificate-selection.ts` has them. A certificate with a user principal name is in its user's store.
 */
import { createHash } from 'node:crypto'
import { toHex } from '../base/bytes.ts'
import type { Instant } from '../base/time.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import { isSelfIssued } from '../pki/certificate/certificate.ts'
import { nameFrom, type Name } from '../pki/certificate/name.ts'
import {
  selectForDeviceTunnel,
  selectForEapTls,
  selectForIke,
  selectForNps,
  type Candidate,
  type Selection,
} from '../windows/certificate-selection.ts'
import type { Compiled } from './compile.ts'
import { ipNodeOf, serviceOf } from './inventory.ts'
import type { CertificateUse, SelectionReport } from './reports.ts'

export interface SelectionQuestion {
  readonly node: string
  readonly use: CertificateUse
  /** The gateway to which a device shows its certificate: it names the roots that it accepts. */
  readonly to?: string | undefined
  /** What a gateway has said itself in CERTREQ: SHA-1 of the keys of authorities. Empty: it did not say. */
  readonly requested?: readonly Uint8Array[]
  readonly compiled: Compiled
  readonly at: Instant
}

export function selectOn(question: SelectionQuestion): SelectionReport {
  const { selected, asks, equals, passedOver, windows } = selectionOf(question)
  const namesOf = (candidates: readonly Candidate[]) => candidates.map(({ name }) => name)
  return {
    on: question.node,
    use: question.use,
    ...(selected !== undefined && { selected: selected.name }),
    ...(asks !== undefined && { asks: namesOf(asks) }),
    ...(equals !== undefined && { equals: namesOf(equals) }),
    passedOver,
    ...(windows !== undefined && { windows }),
  }
}

function selectionOf(question: SelectionQuestion): Selection {
  const { node, use, compiled, at } = question
  const all = candidatesOf(compiled, node, at)
  const machine = all.filter((candidate) => !isUsers(candidate))
  switch (use) {
    case 'eap-tls': {
      const tls = compiled.profiles.get(node)?.user?.nativeProfile?.eap?.tls
      const simpleCertSelection = tls?.simpleCertSelection?.value ?? false
      const { filter } = tls ?? {}
      const settings = { simpleCertSelection, ...(filter !== undefined && { filter }) }
      return selectForEapTls(all.filter(isUsers), settings, at)
    }
    case 'device-tunnel':
      return selectForDeviceTunnel(machine, rootsAsked(question), at)
    case 'ike':
      return selectForIke(machine, at)
    case 'nps': {
      const service = serviceOf(compiled.topology, node, 'nps')
      return selectForNps(machine, service?.certificate, at)
    }
  }
}

const isUsers = ({ certificate }: Candidate): boolean =>
  certificate.subjectAltName?.some(({ kind }) => kind === 'upn') === true

const candidatesOf = (
  { pki, topology }: Compiled,
  node: string,
  at: Instant,
): readonly Candidate[] => {
  const authorities = Object.keys(topology.authorities).flatMap((key) =>
    pki.authorityCertificates(key, at),
  )
  return pki.certificateNames(node).flatMap((name) => {
    const held = pki.certificate(node, name, at)
    if (held === undefined) return []
    const { certificate } = held
    return [{ name, certificate, chain: above(certificate, authorities), hasPrivateKey: true }]
  })
}

/** The issuers of a certificate, nearest first, as the topology has them: no more of them than there are. */
function above(
  certificate: Certificate,
  authorities: readonly Certificate[],
): readonly Certificate[] {
  const chain: Certificate[] = []
  for (let top = certificate; !isSelfIssued(top) && chain.length < authorities.length;) {
    const issuer = authorities.find(({ subject }) => subject.key === top.issuer.key)
    if (issuer === undefined) break
    chain.push(issuer)
    top = issuer
  }
  return chain
}

/** As CERTREQ names an authority (RFC 7296 §3.7): SHA-1 of its key. */
export const authorityHash = (spki: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha1').update(spki).digest())

function rootsAsked({ compiled, to, requested, at }: SelectionQuestion): readonly Name[] {
  if (requested === undefined) return rootsAskedBy(compiled, to, at)
  const { pki, topology } = compiled
  const authorities = Object.keys(topology.authorities).flatMap((key) =>
    pki.authorityCertificates(key, at),
  )
  const asked = new Set(requested.map(toHex))
  return authorities
    .filter(({ spki }) => asked.size === 0 || asked.has(toHex(authorityHash(spki))))
    .map(({ subject }) => subject)
}

/** What a gateway names in CERTREQ: the roots that it is told to accept, or else all that it trusts. */
function rootsAskedBy(
  { topology, pki }: Compiled,
  gateway: string | undefined,
  at: Instant,
): readonly Name[] {
  if (gateway === undefined) return []
  const told = serviceOf(topology, gateway, 'vpn-gateway')?.deviceTunnel?.rootCertificateNames ?? []
  if (told.length > 0) return told.flatMap((text) => nameFrom(text) ?? [])
  return (ipNodeOf(topology, gateway)?.trusts ?? []).flatMap((key) =>
    pki.authorityCertificates(key, at).map(({ subject }) => subject),
  )
}
