/**
 * EAP at both ends of IKE on this machine: a server that knows the users of the topology, as NPS would, and a peer. Not NPS: its policies are a group
 * and a certificate.
 */
import {
  generateAuthenticatorResponse,
  hashNtPasswordHash,
  isNtResponse,
} from '../../../../src/crypto/ms-chap-v2.ts'
import { ntPasswordHash } from '../../../../src/crypto/ms-chap.ts'
import type { EapOffer } from '../../../../src/engine/eap/authenticator.ts'
import type { LogonRequest, LogonResult } from '../../../../src/engine/eap/method.ts'
import { msChapV2Peer } from '../../../../src/engine/eap/ms-chap-v2-peer.ts'
import { msChapV2Server } from '../../../../src/engine/eap/ms-chap-v2-server.ts'
import { eapPeer } from '../../../../src/engine/eap/peer.ts'
import { eapServer, type EapReport } from '../../../../src/engine/eap/server.ts'
import { eapTlsPeer, eapTlsServer } from '../../../../src/engine/eap/tls-method.ts'
import type { IkeInput } from '../../../../src/engine/ikev2/contract.ts'
import { openTls, type TlsIdentity } from '../../../../src/engine/tls.ts'
import type { Compiled } from '../../../../src/lab/compile.ts'
import { EapRunner } from '../../../../src/node/eap-runner.ts'
import { EapCode, EapType } from '../../../../src/wire/eap/packet.ts'
import type { Client } from '../case.ts'
import { DOMAIN, NPS_NAME } from '../topology.ts'
import type { EngineHost } from './host.ts'
import { judge, tlsIdentity } from './trust.ts'

/** The session's EAP: packets in, inputs for IKE out. */
export interface EapSide {
  packet(bytes: Uint8Array | undefined): void
}

const RETRIES = 0
const GROUP = 'VPN Users'
const hold = () => () => undefined

const endpoint = (role: 'client' | 'server', identity: TlsIdentity | undefined) =>
  openTls(
    {
      role,
      minimum: 'TLSv1.2',
      maximum: 'TLSv1.2',
      ...(identity !== undefined && { identity }),
      ...(role === 'server' && { requestsCertificate: true }),
    },
    hold,
  )

/** `ada`, `CORP\ada` and `ada@corp.contoso.com` are one. */
const accountOf = (identity: string): string =>
  identity.replace(/^.*\\/, '').replace(/@.*$/, '').toLowerCase()

/** As NPS decides, in the few words that the cases need. */
export function eapAuthenticator(
  host: EngineHost,
  compiled: Compiled,
  label: string,
  answer: (input: IkeInput) => void,
): EapSide {
  const { users = {}, groups = {} } = compiled.topology.directory ?? {}
  const isMember = (account: string): boolean => (groups[GROUP] ?? []).includes(account)
  const logon = (request: LogonRequest): LogonResult => {
    const account = accountOf(request.user)
    const password = users[account]?.password
    const refused = { ok: false, error: 691, reason: 16, retry: false } as const
    if (request.kind !== 'ms-chap-v2' || password === undefined) return refused
    const hash = ntPasswordHash(password)
    if (!isMember(account) || !isNtResponse(request.ntResponse, request, hash)) return refused
    return {
      ok: true,
      authenticatorResponse: generateAuthenticatorResponse(request, hash, request.ntResponse),
      passwordHashHash: hashNtPasswordHash(hash),
    }
  }
  const offers: readonly EapOffer[] = [
    {
      type: EapType.tls,
      open: () =>
        eapTlsServer({ open: () => endpoint('server', tlsIdentity(compiled, 'nps', 'nps')) }),
    },
    {
      type: EapType.mschapv2,
      open: () => msChapV2Server({ name: 'NPS', allowsPasswordChange: false, retries: RETRIES }),
    },
  ]
  let last: Uint8Array | undefined
  const runner = new EapRunner(
    host,
    eapServer({ offers }),
    {
      source: 'NPS',
      send: (bytes) => {
        last = bytes
        if (bytes[0] === EapCode.request) answer({ kind: 'eap', packet: bytes })
      },
      report: (report) => serverReport(report, last, (name) => isMember(accountOf(name)), answer),
      judge: (chain, _, done) => done(judge(compiled, 'nps', chain)),
      logon: (request, done) => done(logon(request)),
      newPassword: () => undefined,
    },
    label,
  )
  runner.start()
  return { packet: (bytes) => runner.packet(bytes ?? new Uint8Array()) }
}

/** Authorisation comes with the end: whoever is not in the group hears EAP-Failure instead of Success. */
function serverReport(
  report: EapReport,
  last: Uint8Array | undefined,
  isMember: (name: string) => boolean,
  answer: (input: IkeInput) => void,
): void {
  if (report.code === 'eap/ignored') return
  const packet = last ?? new Uint8Array()
  if (report.code === 'eap/succeeded' && isMember(report.identity)) {
    return answer({ kind: 'eap-success', packet, msk: report.msk })
  }
  const failure = Uint8Array.of(EapCode.failure, packet[1] ?? 0, 0, 4)
  answer({ kind: 'eap-failure', packet: failure, why: JSON.stringify(report) })
}

export function eapSupplicant(
  host: EngineHost,
  compiled: Compiled,
  client: Client,
  answer: (input: IkeInput) => void,
): EapSide {
  const { user = '', password = '', node, certificate = user } = client
  const identity = `${user}@${DOMAIN}`
  const method: EapOffer =
    client.manner === 'eap-tls'
      ? {
          type: EapType.tls,
          open: () =>
            eapTlsPeer({
              open: () => endpoint('client', tlsIdentity(compiled, node, certificate)),
            }),
        }
      : { type: EapType.mschapv2, open: () => msChapV2Peer({ user: identity, password }) }
  const runner = new EapRunner(
    host,
    eapPeer({ identity, methods: [method] }),
    {
      source: 'EapHost',
      send: (packet) => answer({ kind: 'eap', packet }),
      report: (report) => peerReport(report, answer),
      judge: (chain, _, done) => done(judge(compiled, node, chain, NPS_NAME)),
      logon: (_, done) => done({ ok: false, error: 691, reason: 16, retry: false }),
      newPassword: () => undefined,
    },
    identity,
  )
  runner.start()
  return { packet: (bytes) => runner.packet(bytes ?? new Uint8Array()) }
}

function peerReport(report: EapReport, answer: (input: IkeInput) => void): void {
  if (report.code === 'eap/succeeded') return answer({ kind: 'eap-success', msk: report.msk })
  if (report.code === 'eap/failed') {
    answer({ kind: 'eap-failure', why: JSON.stringify(report.fault) })
  }
}
