/**
 * What both roles do with the first exchanges: what IKE_SA_INIT says of the peer, and the moment from which the IKE SA stands.
 */
import { between, type Duration } from '../../base/time.ts'
import type { IkeMessage } from '../../wire/ikev2/header.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { CertEncoding } from '../../wire/ikev2/numbers.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { armLifetime, IKE_LIFETIME } from './children.ts'
import { forgetFirst } from './ending.ts'
import { armLiveness } from './liveness.ts'
import { behindNat } from './nat-detection.ts'
import type { IkeEndpoints } from './options.ts'
import { findNotify, hasNotify, notify, ofU16, u16List } from './payload.ts'
import type { AuthenticationFault } from './report.ts'
import { disarm, say, type Run } from './state.ts'

/** OWN: of IKE's 20 bytes each; what is beyond is not looked at. */
const AUTHORITIES_MAX = 512
const HASH_BYTES = 20
export const ESTABLISH_TIMER = 'establish'

/** Notifications and vendor ids that both put into IKE_SA_INIT. */
export const capabilities = ({ options }: Run): readonly IkePayload[] => [
  ...(options.fragmentation === undefined
    ? []
    : [notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)]),
  ...((options.signatureHashes ?? []).length === 0
    ? []
    : [notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, ofU16(options.signatureHashes!))]),
  ...(options.vendorIds ?? []).map((data) => ({ kind: 'vendor-id', data }) as const),
]

export const certificateRequest = ({ options: { authorities } }: Run): readonly IkePayload[] =>
  authorities === undefined || authorities.length === 0
    ? []
    : [{ kind: 'certreq', encoding: CertEncoding.x509Signature, authorities }]

/** What the peer's IKE_SA_INIT, which is `message`, says of itself. Returns whether it knows NAT traversal. */
export function readCapabilities(
  run: Run,
  message: IkeMessage,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): boolean {
  const { state, options } = run
  state.fragmentation =
    options.fragmentation !== undefined &&
    hasNotify(payloads, NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)
  const hashes = findNotify(payloads, NotifyType.SIGNATURE_HASH_ALGORITHMS)
  if (hashes !== undefined) state.peerHashes = u16List(hashes.data)
  const { initiatorSpi: spiI, responderSpi: spiR } = message
  const behind = behindNat(payloads, { spiI, spiR }, endpoints)
  if (behind === undefined) return false
  state.behind = behind
  if (behind.own || behind.peer) {
    const sides = [
      ...(behind.own ? (['own'] as const) : []),
      ...(behind.peer ? (['peer'] as const) : []),
    ]
    say(run, { kind: 'ike/nat-detected', behind: sides })
  }
  return true
}

/** CERTREQ may come in either of the first exchanges (RFC 7296 §3.7). */
export function readAuthorities({ state }: Run, payloads: readonly IkePayload[]): void {
  const named = payloads.flatMap((each) => (each.kind === 'certreq' ? [each.authorities] : []))
  if (named.length > 0) state.authorities = named.flatMap(hashesOf).slice(0, AUTHORITIES_MAX)
}

const hashesOf = (authorities: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: Math.floor(authorities.length / HASH_BYTES) }, (_, at) =>
    authorities.slice(HASH_BYTES * at, HASH_BYTES * (at + 1)),
  )

export const mobikeSupported = ({ options }: Run): readonly IkePayload[] =>
  options.mobike === false ? [] : [notify(NotifyType.MOBIKE_SUPPORTED)]

export function readMobike({ state, options }: Run, payloads: readonly IkePayload[]): void {
  state.mobike = options.mobike !== false && hasNotify(payloads, NotifyType.MOBIKE_SUPPORTED)
}

/** The peer has proved itself. */
export function authenticated(run: Run, how: 'eap' | 'certificate'): void {
  const { type, data } = run.state.peer!
  run.state.authenticated = how
  say(run, { kind: 'ike/authenticated', peer: { type, data }, how })
}

/** Both have. */
export function establish(run: Run, hasChild: boolean): void {
  const { state } = run
  const { type, data } = state.peer!
  state.established = true
  state.sa.state = 'up'
  state.transcript = undefined
  state.msk = undefined
  state.offer = undefined
  disarm(run, ESTABLISH_TIMER)
  forgetFirst(run)
  armLifetime(run, IKE_LIFETIME, run.options.ikeLifetime)
  armLiveness(run)
  const took: Duration = between(state.began, run.env.now)
  say(run, {
    kind: 'ike/established',
    peer: { type, data },
    endpoints: state.endpoints,
    hasChild,
    took,
  })
}

/** This side does not believe the peer, whom it knows by what it said it is; or has nothing to show itself. */
export function disbelieve(run: Run, fault: AuthenticationFault): void {
  const { peer } = run.state
  say(run, {
    kind: 'ike/authentication-failed',
    by: 'own',
    fault,
    ...(peer !== undefined && { peer: { type: peer.type, data: peer.data } }),
  })
}
