/**
 * One PPP link with one peer (RFC 1661 §3): LCP, EAP, IPCP, packets, and the end. Sans I/O: `contract.ts` says what goes in and comes out. Not a carrier:
 * SSTP is `engine/sstp`.
 */
import { between } from '../../base/time.ts'
import type { Ipv4 } from '../../base/address.ts'
import { ControlCode, decodeControl, type ControlPacket } from '../../wire/ppp/control.ts'
import {
  decodePppFrame,
  encodePppFrame,
  PppProtocol,
  pppProtocolName,
} from '../../wire/ppp/frame.ts'
import type { Engine } from '../engine.ts'
import { beginEap, fail, isHostsTurn, receiveEap, sendEap, succeed } from './authentication.ts'
import type { AutomatonEvent } from './automaton.ts'
import type { PppEnd, PppInput, PppLease, PppOptions, PppOutput, PppReport } from './contract.ts'
import {
  drive,
  onRestart,
  receiveControl,
  receiveEcho,
  rejectCode,
  restartTimer,
  type Policy,
} from './control-protocol.ts'
import { ipcpNegotiation, resetIpcp, tunnelOf } from './ipcp.ts'
import { identificationOf, identify, rejectProtocol } from './lcp-messages.ts'
import { lcpNegotiation, resetLcp } from './lcp.ts'
import { disarm, ignore, newControl, say, type PppState, type Run } from './state.ts'

export type PppLink = Engine<PppState, PppInput, PppReport, PppOutput>

/**
 * A link of either role. `start` says nothing; the first input is `up`.
 *
 * @example
 * const link = pppLink({ role: 'client' })
 * const { state } = link.start(env)
 * for (const output of link.step(state, { kind: 'up' }, env).outputs) carryOut(output)
 */
export const pppLink = (options: PppOptions): PppLink => ({
  start: (env) => ({
    state: {
      phase: 'dead',
      began: env.now,
      lcp: newControl('LCP'),
      ipcp: newControl('IPCP'),
      peerMru: 0,
      peerAuthenticates: false,
      isMismatched: false,
      eapTurn: 'peer',
      isRefused: false,
      asks: new Map(),
      peerAddress: 0 as Ipv4,
      timers: new Set(),
    },
    outputs: [],
  }),
  step(state, input, env) {
    const run: Run = { options, state, env, outputs: [] }
    if (state.phase !== 'over') onInput(run, input)
    return { state, outputs: run.outputs }
  },
})

function onInput(run: Run, input: PppInput): void {
  switch (input.kind) {
    case 'up':
      return onUp(run)
    case 'down':
      lower(run, 'carrier-down')
      drive(run, lcpOf(run), 'down')
      return finish(run)
    case 'frame':
      return receiveFrame(run, input.bytes)
    case 'timer':
      return onTimer(run, input.timer)
    case 'eap':
      return isHostsTurn(run) ? onEapPacket(run, input.packet) : undefined
    case 'eap-success':
      return isHostsTurn(run) ? onEapSuccess(run, input.packet, input.msk) : undefined
    case 'eap-failure':
      if (!isHostsTurn(run)) return
      fail(run, input.packet, input.why)
      return close(run, 'authentication-failed')
    case 'address':
      return onAddress(run, input.lease)
    case 'packet':
      return sendPacket(run, input.bytes)
    case 'close':
      return close(run, 'closed', input.why)
  }
}

function onUp(run: Run): void {
  if (run.state.phase !== 'dead') return
  run.state.phase = 'establish'
  run.state.began = run.env.now
  resetLcp(run)
  drive(run, lcpOf(run), 'open')
  drive(run, lcpOf(run), 'up')
}

function onTimer(run: Run, timer: string): void {
  // One that was disarmed while it was on its way.
  if (!run.state.timers.delete(timer)) return
  const policy = timer === restartTimer(run.state.lcp) ? lcpOf(run) : ipcpOf(run)
  onRestart(run, policy)
}

// ── LCP ──

const lcpOf = (run: Run): Policy => ({
  ...lcpNegotiation(run),
  onUp: () => onLinkUp(run),
  onDown: (event) => onLinkDown(run, event),
  onFinished: (event) => {
    if (event === 'to-') lower(run, 'ppp-timed-out')
    if (event === 'rxj-') lower(run, 'not-converging')
    finish(run)
  },
  onGivenUp: (why) => close(run, why),
})

function onLinkUp(run: Run): void {
  const { state, options } = run
  say(run, { kind: 'ppp/link-established', mru: state.peerMru })
  if (options.role === 'client') {
    if (!state.peerAuthenticates) {
      if (!state.isMismatched) {
        say(run, { kind: 'ppp/authentication-protocol', by: 'own', asked: 'none', wanted: 'EAP' })
      }
      return close(run, 'authentication-protocol')
    }
    for (const text of options.identification ?? []) identify(run, lcpOf(run), text)
  }
  beginEap(run)
}

function onLinkDown(run: Run, event: AutomatonEvent): void {
  const { state } = run
  if (event === 'rtr') onGoodBye(run)
  if (event === 'rxj-') lower(run, 'not-converging')
  state.phase = 'terminate'
  drive(run, ipcpOf(run), 'down')
  if (state.end === undefined) close(run, 'renegotiated')
}

/** A peer that says no to who we are may be gone before our host has said that it heard. */
function onGoodBye(run: Run): void {
  if (!run.state.isRefused || run.state.phase !== 'authenticate') {
    return lower(run, 'terminated-by-peer')
  }
  fail(run)
  lower(run, 'authentication-failed')
}

/** It is known why the link ends; the first reason counts. */
function lower(run: Run, why: PppEnd, detail?: string): void {
  if (run.state.end !== undefined) return
  run.state.end = why
  const during = run.state.phase
  say(run, { kind: 'ppp/over', why, during, ...(detail !== undefined && { detail }) })
}

/** Terminate-Request, where LCP has come so far that anybody hears it. */
function close(run: Run, why: PppEnd, detail?: string): void {
  const { state } = run
  if (state.end !== undefined) return
  lower(run, why, detail)
  const { automaton } = state.lcp
  if (automaton === 'initial' || automaton === 'starting') return finish(run)
  drive(run, lcpOf(run), 'close')
}

function finish(run: Run): void {
  const { state } = run
  if (state.phase === 'over') return
  drive(run, ipcpOf(run), 'down')
  const why = state.end ?? 'closed'
  state.phase = 'over'
  for (const timer of state.timers) disarm(run, timer)
  run.outputs.push({ kind: 'over', why })
}

// ── what comes ──

/** More than any carrier here has. */
const FRAME_BYTES_MAX = 8192

function receiveFrame(run: Run, bytes: Uint8Array): void {
  const { state } = run
  if (bytes.length > FRAME_BYTES_MAX) return ignore(run, `a frame of ${bytes.length} bytes`)
  const decoded = decodePppFrame(bytes)
  if (!decoded.ok) return say(run, { kind: 'ppp/malformed', error: decoded.error })
  const { protocol, information } = decoded.value
  if (protocol === PppProtocol.IPV4 && state.tunnel !== undefined) {
    run.outputs.push({ kind: 'packet', bytes: information })
    return
  }
  if (protocol === PppProtocol.LCP) return receiveLcp(run, information)
  // RFC 1661 §3.4: nothing but LCP before LCP is through.
  if (state.lcp.automaton !== 'opened') return ignore(run, pppProtocolName(protocol))
  switch (protocol) {
    case PppProtocol.EAP:
      return receiveEap(run, information)
    case PppProtocol.IPCP:
      return receiveIpcp(run, information)
    case PppProtocol.IPV4:
      return ignore(run, 'IPV4, before addresses are agreed')
    default:
      return rejectProtocol(run, lcpOf(run), decoded.value)
  }
}

function receiveLcp(run: Run, information: Uint8Array): void {
  const { state } = run
  const decoded = decodeControl(information)
  if (!decoded.ok) return say(run, { kind: 'ppp/malformed', error: decoded.error })
  const packet = decoded.value
  const policy = lcpOf(run)
  const wasEstablishing = state.phase === 'establish'
  if (receiveControl(run, policy, packet)) {
    const isGoodBye = packet.code === ControlCode['Terminate-Request']
    // RFC 1661 goes on asking a peer that has just gone.
    if (isGoodBye && wasEstablishing) goneEarly(run)
    return
  }
  switch (packet.code) {
    case ControlCode['Protocol-Reject']:
      return onProtocolReject(run, packet)
    case ControlCode['Echo-Request']:
    case ControlCode['Echo-Reply']:
    case ControlCode['Discard-Request']:
      return receiveEcho(run, policy, packet)
    case ControlCode.Identification:
      return say(run, { kind: 'ppp/identification', text: identificationOf(packet.data) })
    case ControlCode['Time-Remaining']:
      return
    default:
      return rejectCode(run, policy, packet)
  }
}

function goneEarly(run: Run): void {
  lower(run, run.state.isMismatched ? 'authentication-protocol' : 'terminated-by-peer')
  finish(run)
}

function onProtocolReject(run: Run, { data }: ControlPacket): void {
  const { state } = run
  if (state.lcp.automaton !== 'opened' || data.length < 2) return
  const protocol = (data[0]! << 8) | data[1]!
  say(run, { kind: 'ppp/protocol-rejected', by: 'peer', protocol: pppProtocolName(protocol) })
  switch (protocol) {
    case PppProtocol.LCP:
      return drive(run, lcpOf(run), 'rxj-')
    case PppProtocol.EAP:
      return close(run, 'authentication-protocol')
    case PppProtocol.IPCP:
      return close(run, 'not-converging')
  }
}

// ── the host's EAP ──

/** One that does not fit would be waited for in vain. */
function onEapPacket(run: Run, packet: Uint8Array): void {
  const { peerMru } = run.state
  const room = Math.min(peerMru, run.options.carries ?? peerMru)
  if (packet.length <= room) return sendEap(run, packet)
  fail(run, undefined, `an EAP packet of ${packet.length} bytes, for a peer that takes ${room}`)
  close(run, 'authentication-failed')
}

function onEapSuccess(run: Run, packet?: Uint8Array, msk?: Uint8Array): void {
  succeed(run, packet, msk)
  if (run.options.role === 'client') return openNetwork(run)
  run.state.phase = 'addressing'
  run.outputs.push({ kind: 'ask-address' })
}

function onAddress(run: Run, lease: PppLease | undefined): void {
  if (run.state.phase !== 'addressing') return
  if (lease === undefined) {
    say(run, { kind: 'ppp/no-address', by: 'own' })
    return close(run, 'no-address')
  }
  run.state.lease = lease
  openNetwork(run)
}

// ── IPCP and packets ──

const ipcpOf = (run: Run): Policy => ({
  ...ipcpNegotiation(run),
  onUp: () => onTunnelUp(run),
  onDown: () => onTunnelDown(run),
  onFinished: (event) => close(run, event === 'to-' ? 'ppp-timed-out' : 'not-converging'),
  onGivenUp: (why) => close(run, why),
})

function openNetwork(run: Run): void {
  const { state } = run
  state.phase = 'network'
  resetIpcp(run)
  drive(run, ipcpOf(run), 'open')
  drive(run, ipcpOf(run), 'up')
  const { held } = state
  delete state.held
  if (held !== undefined) receiveIpcp(run, held)
}

function receiveIpcp(run: Run, information: Uint8Array): void {
  const { state } = run
  if (state.phase === 'authenticate' || state.phase === 'addressing') {
    // The peer is through and our host is not: one packet is kept, or the peer would wait for its Restart timer.
    state.held = information.slice()
    return
  }
  if (state.phase !== 'network') return ignore(run, 'IPCP, at another time')
  const decoded = decodeControl(information)
  if (!decoded.ok) return say(run, { kind: 'ppp/malformed', error: decoded.error })
  if (receiveControl(run, ipcpOf(run), decoded.value)) {
    const isGoodBye = decoded.value.code === ControlCode['Terminate-Request']
    if (isGoodBye) close(run, 'terminated-by-peer')
    return
  }
  rejectCode(run, ipcpOf(run), decoded.value)
}

function onTunnelUp(run: Run): void {
  const { state, env } = run
  const tunnel = tunnelOf(run)
  if (tunnel === undefined) {
    say(run, { kind: 'ppp/no-address', by: 'peer' })
    return close(run, 'no-address')
  }
  state.tunnel = tunnel
  const took = between(state.began, env.now)
  say(run, { kind: 'ppp/established', tunnel, took })
  run.outputs.push({ kind: 'up', tunnel })
}

function onTunnelDown({ state, outputs }: Run): void {
  if (state.tunnel === undefined) return
  delete state.tunnel
  outputs.push({ kind: 'down' })
}

function sendPacket(run: Run, packet: Uint8Array): void {
  const { tunnel } = run.state
  if (tunnel === undefined) return
  if (packet.length > tunnel.mtu) return ignore(run, `a packet of ${packet.length} bytes`)
  const bytes = encodePppFrame({ protocol: PppProtocol.IPV4, information: packet })
  run.outputs.push({ kind: 'frame', bytes, isData: true })
}
