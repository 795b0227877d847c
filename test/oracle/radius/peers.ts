/** How the cases write down a peer: by method and user, with what is particular behind it. */
import { TLS12 } from './case.ts'
import type { EapolCase } from './eapol.ts'

type Peer = Omit<EapolCase, 'program' | 'network'>
export type Network = EapolCase['network']

/** Silence takes as long as one waits for it. */
export const BRIEF = { patience: 3 } as const

export const peer = (network: Network, rest: Peer = {}): EapolCase => ({
  program: 'eapol_test',
  ...rest,
  network,
})

/** EAP-TLS with a certificate, by default the user's own. */
export const eapTls = (user: string, rest: Peer = {}, more: Network = {}): EapolCase =>
  peer({ eap: 'TLS', identity: user, phase1: TLS12, ...more }, { certificate: user, ...rest })

/** PEAP with EAP-TLS inside. */
export const peapTls = (user: string, rest: Peer = {}, more: Network = {}): EapolCase =>
  peer(
    { eap: 'PEAP', identity: user, phase1: `peapver=0 ${TLS12}`, phase2: 'auth=TLS', ...more },
    { innerCertificate: user, ...rest },
  )
