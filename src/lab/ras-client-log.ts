/**
 * RasClient's part of a Windows client's Application log, as a dial goes on: which event when is `windows/connect`'s to say. Not the words of the events:
 * `windows/ras-client-events.ts`.
 */
import type { Stack } from '../net/stack.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import { clientEventsUntil } from '../windows/connect/decisions.ts'
import type { Phase } from '../windows/connect/decision-table.ts'
import { connectionEnd, type ConnectionEnd } from '../windows/connect/ends.ts'
import type { Dial } from '../windows/connect/failures.ts'
import type { WindowsCode } from '../windows/outcomes.ts'
import {
  rasClientEvent,
  type RasClientEvent,
  type RasDial,
  type RasLink,
} from '../windows/ras-client-events.ts'
import type { Protocol } from './vpn-profile.ts'

type Settings = Omit<Extract<RasClientEvent, { readonly id: 20221 }>, 'id'>

export interface RasClientDial extends RasDial {
  readonly isDevice: boolean
  /** That is tried first. */
  readonly protocol: Protocol
  readonly server: string
  readonly settings: Settings
}

/** OWN: how Windows calls the first port of each miniport. */
const PORTS = { IKEv2: 'VPN2-1', SSTP: 'VPN0-1' } as const

/** The column of the decision table. */
export const dialBy = (protocol: Protocol, isDevice: boolean): Dial =>
  isDevice ? 'ikev2-device' : protocol === 'SSTP' ? 'sstp-user' : 'ikev2-user'

export class RasClientLog {
  readonly #stack: Stack
  readonly #dial: RasClientDial
  readonly #assume: Assumptions
  #protocol: Protocol
  #server: string
  #logged = 0

  constructor(stack: Stack, dial: RasClientDial, assume: Assumptions) {
    this.#stack = stack
    this.#dial = dial
    this.#assume = assume
    this.#protocol = dial.protocol
    this.#server = dial.server
  }

  /** It goes on by another protocol, or to another server. The link is another, too (OWN: its events are logged again). */
  goesOn(protocol: Protocol, server: string): void {
    this.#protocol = protocol
    this.#server = server
    this.#logged = Math.min(this.#logged, 1)
  }

  /** The dial is in this phase now. */
  reached(phase: Phase, address = ''): void {
    const dial = dialBy(this.#protocol, this.#dial.isDevice)
    const due = clientEventsUntil(phase, dial, this.#assume)
    for (const id of due.slice(this.#logged)) this.#log(this.#event(id, address))
    this.#logged = Math.max(this.#logged, due.length)
  }

  failed(code: WindowsCode): void {
    this.#log({ id: 20227, code })
  }

  ended(end: ConnectionEnd): void {
    const { code, client } = connectionEnd(end, this.#assume)
    for (const id of client) {
      this.#log(id === 20220 ? { id, code, link: this.#link } : { id: 20226, code })
    }
  }

  get #link(): RasLink {
    const protocol = this.#protocol
    return { server: this.#server, protocol, port: PORTS[protocol] }
  }

  #event(id: RasClientEvent['id'], address: string): RasClientEvent {
    switch (id) {
      case 20221:
        return { id, ...this.#dial.settings }
      case 20222:
      case 20223:
        return { id, link: this.#link }
      case 20225:
        return { id, address }
      default:
        return { id: 20224 }
    }
  }

  #log(event: RasClientEvent): void {
    const { wallClock } = this.#stack
    const { source, text, id, fields } = rasClientEvent(wallClock, this.#dial, event)
    this.#stack.log(source, text, id, fields)
  }
}
