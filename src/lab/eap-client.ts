/**
 * A Windows client as an EAP peer: the methods of its profile with its certificates, passwords and trust. Built for one conversation.
 * Not the methods (`engine/eap/`), and not how it judges NPS, which is the relying party `peap-client`.
 */
import { err, ok, type Result } from '../base/result.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import type { EapOffer } from '../engine/eap/authenticator.ts'
import { msChapV2Peer } from '../engine/eap/ms-chap-v2-peer.ts'
import { peapPeer } from '../engine/eap/peap-peer.ts'
import { eapTlsPeer } from '../engine/eap/tls-method.ts'
import { innerFragmentSize } from '../engine/eap/tls-tunnel.ts'
import type { TlsIdentity, TlsSessions, TlsVersion } from '../engine/tls.ts'
import type { WindowsOutcome } from '../pki/profile/profile.ts'
import { outcome } from '../windows/outcomes.ts'
import type { EapConfiguration } from '../windows/eap-config.ts'
import { EapType } from '../wire/eap/packet.ts'
import type { Compiled } from './compile.ts'
import type { AuthenticateOptions, AuthenticationMethod } from './lab.ts'
import { selectOn } from './selection.ts'
import { tlsIdentityOf } from './tls-identity.ts'
import type { Instant } from '../base/time.ts'

export type EapManner = Extract<
  AuthenticationMethod,
  'peap-tls' | 'peap-mschapv2' | 'eap-tls' | 'eap-mschapv2'
>

export interface EapClientQuestion {
  /** Where the user sits; absent: a peer that trusts whatever it is shown, and has no certificate. */
  readonly client: string | undefined
  readonly compiled: Compiled
  readonly at: Instant
  readonly manner: EapManner
  readonly user: { readonly name: string; readonly password: string }
  readonly options: AuthenticateOptions
  readonly sessions: TlsSessions | undefined
  readonly cryptography: Cryptography
  readonly hold: () => () => void
  readonly onKeyLog: (line: string) => void
}

/** Why a client does not even begin. */
export interface NothingToShow {
  readonly windows: WindowsOutcome
  /** One line each. */
  readonly why: readonly string[]
}

const NO_CERTIFICATE = outcome('798')

const VERSIONS = { '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' } as const

const eapConfigOf = (
  { profiles }: Compiled,
  client: string | undefined,
): EapConfiguration | undefined =>
  client === undefined ? undefined : profiles.get(client)?.user?.nativeProfile?.eap

/**
 * By what a client finds a session again that it may resume; undefined: it resumes none. PEAP does unless FastReconnect of its ProfileXML is
 * false, EAP-TLS always. OWN: a profile that was changed resumes nothing, nor does another certificate.
 */
export function sessionKey({
  compiled,
  client,
  manner,
  user,
  options,
}: Pick<EapClientQuestion, 'compiled' | 'client' | 'manner' | 'user' | 'options'>):
  | string
  | undefined {
  const profile = eapConfigOf(compiled, client)
  if (manner.startsWith('peap') && profile?.fastReconnect?.value === false) return undefined
  return JSON.stringify([client, user.name, manner, options.certificate, profile])
}

/** How a client's ProfileXML wants to authenticate; PEAP with EAP-TLS where nothing is said. */
export function mannerOf(compiled: Compiled, client: string | undefined): EapManner {
  const eap = eapConfigOf(compiled, client)
  if (eap === undefined) return 'peap-tls'
  const isMsChap = (type: number | undefined): boolean => type === EapType.mschapv2
  if (eap.type.value === EapType.peap) {
    return isMsChap(eap.innerType?.value) ? 'peap-mschapv2' : 'peap-tls'
  }
  return isMsChap(eap.type.value) ? 'eap-mschapv2' : 'eap-tls'
}

/** The methods in the manner that is wanted; or what Windows shows where there is no certificate for it. */
export function methodsOf(question: EapClientQuestion): Result<readonly EapOffer[], NothingToShow> {
  const { manner, options } = question
  const identity = manner.endsWith('-tls') ? ownIdentity(question) : ok(undefined)
  if (!identity.ok) return identity
  const fragmentSize =
    options.fragmentSize === undefined ? {} : { fragmentSize: options.fragmentSize }
  const profile = eapConfigOf(question.compiled, question.client)
  const password = passwordOffer(question)
  switch (manner) {
    case 'eap-mschapv2':
      return ok([password])
    case 'eap-tls':
      return ok([tlsOffer(question, identity.value, fragmentSize)])
    case 'peap-tls':
    case 'peap-mschapv2': {
      const inner =
        manner === 'peap-tls'
          ? tlsOffer({ ...question, sessions: undefined }, identity.value, {
              fragmentSize: innerFragmentSize(options.fragmentSize),
            })
          : password
      const name = question.user.name
      return ok([
        {
          type: EapType.peap,
          open: () =>
            peapPeer({
              ...fragmentSize,
              ...(options.cryptoBinding !== undefined && { cryptoBinding: options.cryptoBinding }),
              requiresCryptoBinding: profile?.requireCryptoBinding?.value ?? false,
              open: () => endpoint(question, undefined),
              inner: { identity: name, methods: [inner] },
            }),
        },
      ])
    }
  }
}

const passwordOffer = ({ user }: EapClientQuestion): EapOffer => ({
  type: EapType.mschapv2,
  open: () => msChapV2Peer({ user: user.name, password: user.password }),
})

const tlsOffer = (
  question: EapClientQuestion,
  identity: TlsIdentity | undefined,
  fragmentSize: { readonly fragmentSize?: number },
): EapOffer => ({
  type: EapType.tls,
  open: () => eapTlsPeer({ ...fragmentSize, open: () => endpoint(question, identity) }),
})

function endpoint(
  { options: { tls = {} }, sessions, cryptography, hold, onKeyLog }: EapClientQuestion,
  identity: TlsIdentity | undefined,
) {
  const version = (wanted: keyof typeof VERSIONS | undefined): TlsVersion =>
    VERSIONS[wanted ?? '1.2']
  return cryptography.openTls(
    {
      role: 'client',
      minimum: version(tls.minimum),
      maximum: version(tls.maximum),
      onKeyLog,
      ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
      ...(identity !== undefined && { identity }),
      ...(sessions !== undefined && { sessions }),
    },
    hold,
  )
}

/** The certificate that Windows would show, or the one that is asked for. */
function ownIdentity(question: EapClientQuestion): Result<TlsIdentity | undefined, NothingToShow> {
  const { client, compiled, at, options } = question
  if (client === undefined) return ok(undefined)
  if (options.certificate === 'none') return ok(undefined)
  const held = (name: string | undefined) =>
    name === undefined ? undefined : compiled.pki.certificate(client, name, at)
  const wanted = held(options.certificate)
  if (wanted !== undefined) return ok(tlsIdentityOf(wanted))
  const selection = selectOn({ node: client, use: 'eap-tls', compiled, at })
  const selected = held(options.certificate ?? selection.selected ?? selection.asks?.[0])
  if (selected !== undefined) return ok(tlsIdentityOf(selected))
  const why = selection.passedOver.map((each) => `certificate '${each.name}' ${each.why}`)
  return err({ windows: selection.windows ?? NO_CERTIFICATE, why })
}
