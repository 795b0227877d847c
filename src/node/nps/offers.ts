/**
 * The EAP types of a policy as methods that the EAP server can propose: certificates selected, TLS as NPS has it.
 * Not which types a policy allows: `windows/nps/` has chosen the policy.
 */
import type { EapOffer } from '../../engine/eap/authenticator.ts'
import { msChapV2Server } from '../../engine/eap/ms-chap-v2-server.ts'
import { peapServer } from '../../engine/eap/peap-server.ts'
import { eapTlsServer } from '../../engine/eap/tls-method.ts'
import { sessionMemory, type SessionMemory } from '../../engine/eap/session-memory.ts'
import type { Cryptography } from '../../engine/cryptography.ts'
import { innerFragmentSize, provenKey } from '../../engine/eap/tls-tunnel.ts'
import {
  tlsSessions,
  type HoldClock,
  type TlsEndpoint,
  type TlsIdentity,
  type TlsSessions,
  type TlsVersion,
} from '../../engine/tls.ts'
import type { Host } from '../../net/sockets.ts'
import type { AuthenticationMethods, EapTypeSpec } from '../../topology/nps.ts'
import { EapType } from '../../wire/eap/packet.ts'

/** Sessions that may be resumed, of one kind of tunnel. */
interface Resumable {
  readonly sessions: TlsSessions
  readonly memory: SessionMemory
}

/** What a running NPS remembers of TLS: gone when the service restarts. */
export interface TlsMemory {
  readonly tls: Resumable
  readonly peap: Resumable
}

export function tlsMemory(host: Host): TlsMemory {
  return { tls: resumable(host, 'tls'), peap: resumable(host, 'peap') }
}

/** A session in which nobody was let in is none to resume: whoever offers it begins anew (RFC 5216 §2.1.2, RFC 9190 §5.7). */
function resumable(host: Host, within: 'tls' | 'peap'): Resumable {
  const memory = sessionMemory()
  const sessions = tlsSessions({ now: () => host.now })
  const proven: TlsSessions = {
    ...sessions,
    find(id) {
      const found = sessions.find(id)
      if (found === undefined) return undefined
      return memory.find(provenKey(within, found.key)) === undefined ? undefined : found
    },
  }
  return { sessions: proven, memory }
}

export interface OfferContext {
  readonly memory: TlsMemory
  /** Newest version of TLS that the server speaks. */
  readonly tlsMaximum: TlsVersion
  /** Of a certificate of this host; undefined: there is none that could be used. */
  readonly identity: (certificate: string | undefined) => TlsIdentity | undefined
  readonly cryptography: Cryptography
  readonly hold: HoldClock
  readonly onKeyLog: (line: string) => void
  /** Whole EAP packets are no longer. */
  readonly fragmentSize: number
  /** The name that EAP-MSCHAPv2 gives itself. */
  readonly serverName: string
}

/** In the order of the policy. A type without a usable certificate is not among them. */
export const offersOf = (
  { eap = [] }: AuthenticationMethods,
  context: OfferContext,
): readonly EapOffer[] => eap.flatMap((spec) => offerOf(spec, context))

function offerOf(spec: EapTypeSpec, context: OfferContext): readonly EapOffer[] {
  switch (spec.type) {
    case 'mschapv2':
      return [msChapV2Offer(context, spec.allowsPasswordChange ?? true)]
    case 'tls': {
      const identity = context.identity(spec.certificate)
      return identity === undefined ? [] : [tlsOffer(context, identity, context.memory.tls)]
    }
    case 'peap': {
      const identity = context.identity(spec.certificate)
      return identity === undefined ? [] : [peapOffer(spec, context, identity)]
    }
  }
}

const msChapV2Offer = ({ serverName }: OfferContext, allowsPasswordChange: boolean): EapOffer => ({
  type: EapType.mschapv2,
  open: () => msChapV2Server({ name: serverName, allowsPasswordChange, retries: RETRIES }),
})

function tlsOffer(
  context: OfferContext,
  identity: TlsIdentity,
  resumes: Resumable | undefined,
): EapOffer {
  const { fragmentSize } = context
  return {
    type: EapType.tls,
    open: () =>
      eapTlsServer({
        open: () => endpoint(context, identity, { asks: true, resumes }),
        fragmentSize,
        ...(resumes !== undefined && { memory: resumes.memory }),
      }),
  }
}

function peapOffer(
  spec: Extract<EapTypeSpec, { readonly type: 'peap' }>,
  context: OfferContext,
  identity: TlsIdentity,
): EapOffer {
  const { fragmentSize, memory } = context
  const resumes = spec.fastReconnect === false ? undefined : memory.peap
  const inner = spec.inner.map((type) =>
    type === 'tls'
      ? tlsOffer({ ...context, fragmentSize: innerFragmentSize(fragmentSize) }, identity, undefined)
      : msChapV2Offer(context, spec.allowsPasswordChange ?? true),
  )
  return {
    type: EapType.peap,
    open: () =>
      peapServer({
        open: () => endpoint(context, identity, { asks: false, resumes }),
        fragmentSize,
        inner,
        requiresCryptoBinding: spec.requiresCryptoBinding ?? false,
        ...(resumes !== undefined && { memory: resumes.memory }),
      }),
  }
}

/** "Number of authentication retries" as a policy comes with it. */
const RETRIES = 2

const endpoint = (
  { tlsMaximum, cryptography, hold, onKeyLog }: OfferContext,
  identity: TlsIdentity,
  { asks, resumes }: { readonly asks: boolean; readonly resumes: Resumable | undefined },
): TlsEndpoint =>
  cryptography.openTls(
    {
      role: 'server',
      minimum: 'TLSv1.2',
      maximum: tlsMaximum,
      identity,
      requestsCertificate: asks,
      onKeyLog,
      ...(resumes !== undefined && { sessions: resumes.sessions }),
    },
    hold,
  )
