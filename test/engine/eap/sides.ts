/** Peers and servers of every method, with the test authority's certificates and one account. */
import type { EapOffer } from '../../../src/engine/eap/authenticator.ts'
import { msChapV2Peer } from '../../../src/engine/eap/ms-chap-v2-peer.ts'
import { msChapV2Server } from '../../../src/engine/eap/ms-chap-v2-server.ts'
import { peapPeer, type PeapPeerOptions } from '../../../src/engine/eap/peap-peer.ts'
import { peapServer, type PeapServerOptions } from '../../../src/engine/eap/peap-server.ts'
import { eapPeer, type EapPeer } from '../../../src/engine/eap/peer.ts'
import { eapServer, type EapServer, type EapServerOptions } from '../../../src/engine/eap/server.ts'
import { eapTlsPeer, eapTlsServer, type EapTlsOptions } from '../../../src/engine/eap/tls-method.ts'
import { innerFragmentSize } from '../../../src/engine/eap/tls-tunnel.ts'
import type { TlsSettings } from '../../../src/engine/tls.ts'
import { EapType } from '../../../src/wire/eap/packet.ts'
import { CLIENT, clientOf, serverOf } from '../tls-pair.ts'

export const PASSWORD = 'Passw0rd!'

type Tunnel = Omit<Partial<EapTlsOptions>, 'open'> & { readonly tls?: Partial<TlsSettings> }

const maximum = 'TLSv1.2'

export const serverTls = ({ tls, ...rest }: Tunnel = {}): EapOffer => ({
  type: EapType.tls,
  open: () =>
    eapTlsServer({
      open: () => serverOf({ maximum, requestsCertificate: true, ...tls }),
      ...rest,
    }),
})

export const peerTls = ({ tls, ...rest }: Tunnel = {}): EapOffer => ({
  type: EapType.tls,
  open: () => eapTlsPeer({ open: () => clientOf({ maximum, identity: CLIENT, ...tls }), ...rest }),
})

export const serverMsChapV2: EapOffer = {
  type: EapType.mschapv2,
  open: () => msChapV2Server({ name: 'NPS1', allowsPasswordChange: true, retries: 0 }),
}

export const peerMsChapV2 = (password = PASSWORD): EapOffer => ({
  type: EapType.mschapv2,
  open: () => msChapV2Peer({ user: 'ada', password }),
})

export const serverPeap = ({
  tls,
  ...rest
}: Tunnel & Omit<PeapServerOptions, 'open'>): EapOffer => ({
  type: EapType.peap,
  open: () => peapServer({ open: () => serverOf({ maximum, ...tls }), ...rest }),
})

export const peerPeap = ({
  tls,
  methods,
  ...rest
}: Tunnel &
  Omit<PeapPeerOptions, 'open' | 'inner'> & {
    readonly methods: readonly EapOffer[]
  }): EapOffer => ({
  type: EapType.peap,
  open: () =>
    peapPeer({
      open: () => clientOf({ maximum, ...tls }),
      inner: { identity: 'ada', methods },
      ...rest,
    }),
})

export const peerOf = (...methods: readonly EapOffer[]): EapPeer =>
  eapPeer({ identity: 'ada@contoso.com', methods })

export const serverOffering = (
  offers: readonly EapOffer[],
  rest: Omit<EapServerOptions, 'offers'> = {},
): EapServer => eapServer({ offers, ...rest })

/** Every method, a peer's and a server's, under one version of TLS and with one size of fragments. */
export function everyMethod(
  version: 'TLSv1.2' | 'TLSv1.3',
  fragmentSize: number,
): readonly {
  readonly name: string
  readonly types: readonly number[]
  readonly peer: EapOffer
  readonly server: EapOffer
}[] {
  const outer = { fragmentSize, tls: { maximum: version } }
  const inner = { ...outer, fragmentSize: innerFragmentSize(fragmentSize) }
  return [
    { name: 'EAP-TLS', types: [13], peer: peerTls(outer), server: serverTls(outer) },
    {
      name: 'PEAP with EAP-TLS',
      types: [25, 13],
      peer: peerPeap({ ...outer, methods: [peerTls(inner)] }),
      server: serverPeap({ ...outer, inner: [serverTls(inner)] }),
    },
    {
      name: 'PEAP with EAP-MSCHAPv2',
      types: [25, 26],
      peer: peerPeap({ ...outer, methods: [peerMsChapV2()] }),
      server: serverPeap({ ...outer, inner: [serverMsChapV2] }),
    },
    { name: 'EAP-MSCHAPv2', types: [26], peer: peerMsChapV2(), server: serverMsChapV2 },
  ]
}
