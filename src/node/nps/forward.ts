/**
 * NPS as a RADIUS proxy: requests that a connection request policy sends to a remote server group, and copies of accounting.
 * Not the choice of the policy. RFC 2865 §2.3; reasons 112 to 118 of NPS.
 */
import { toHex, utf8 } from '../../base/bytes.ts'
import { forwardRequest, returnReply } from '../../engine/radius/proxy.ts'
import { rrasRetransmission } from '../../engine/radius/retransmission.ts'
import type { RadiusReply } from '../../engine/radius/server.ts'
import type { Host } from '../../net/sockets.ts'
import { chooseConnectionRequestPolicy } from '../../windows/nps/connection-request.ts'
import type { AccessRecord } from '../../windows/nps/events.ts'
import type { NpsReason } from '../../windows/nps/reasons.ts'
import { attribute, attributeValue } from '../../wire/radius/attributes.ts'
import { RadiusCode, type RadiusPacket } from '../../wire/radius/packet.ts'
import { RadiusClient, type RadiusOutcome, type RadiusServer } from '../radius-client.ts'
import type { NpsDeps } from './deps.ts'
import { factsOf } from './facts.ts'

export type ForwardAnswer =
  /** `remote`: the server that answered. */
  | { readonly reply: RadiusReply; readonly remote: string }
  | { readonly reason: NpsReason; readonly detail: string }

export interface Forwarded {
  readonly packet: RadiusPacket
  /** The client's. */
  readonly secret: string
  readonly group: string
  /** As the policy rewrote it. */
  readonly userName?: string | undefined
}

/** States of conversations that other servers have: their next requests go to the same one. */
const STATES_MAX = 8192

export class Forwarder {
  readonly #host: Host
  readonly #deps: NpsDeps
  readonly #clients = new Map<string, RadiusClient>()
  readonly #states = new Map<string, string>()
  #count = 0

  constructor(host: Host, deps: NpsDeps) {
    this.#host = host
    this.#deps = deps
  }

  /** Whether the State is of a conversation that a remote server has. */
  knows(state: Uint8Array): boolean {
    return this.#states.has(toHex(state))
  }

  /** `done` is called once. */
  forward(asked: Forwarded, done: (answer: ForwardAnswer) => void): void {
    const { packet, secret, group } = asked
    const client = this.#clientOf(group)
    if (client === undefined) {
      return done({ reason: 113, detail: `there is no remote server group '${group}'` })
    }
    this.#count += 1
    const proxyState = utf8(`${this.#count}`)
    const made = forwardRequest(renamed(asked), secret, proxyState)
    if (!made.ok) return done({ reason: 3, detail: 'a hidden value could not be revealed' })
    const state = attributeValue(packet.attributes, 'State')
    const first = state === undefined ? undefined : this.#states.get(toHex(state))
    client.ask(
      { code: packet.code, ...made.value, ...(first !== undefined && { first }) },
      (outcome) => done(this.#returned(outcome, asked, proxyState)),
    )
  }

  /** Accounting goes to whom the policy of these connections names, beside this server; nobody waits for its answer. */
  account({
    packet,
    secret,
    record,
  }: {
    readonly packet: RadiusPacket
    readonly secret: string
    readonly record: AccessRecord
  }): void {
    const client = {
      friendlyName: record.clientFriendlyName ?? '',
      address: record.clientIpAddress ?? '',
      vendor: 'standard',
    } as const
    const facts = factsOf(packet, client, { kind: 'none' }, this.#host.wallClock)
    const choice = chooseConnectionRequestPolicy(this.#deps.spec(), facts, this.#deps.assume())
    const group =
      choice.to === 'forward'
        ? choice.group
        : choice.to === 'none'
          ? undefined
          : choice.accountingTo
    if (group !== undefined) this.forward({ packet, secret, group }, () => undefined)
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }

  #returned(
    outcome: RadiusOutcome,
    { packet, secret, group }: Forwarded,
    proxyState: Uint8Array,
  ): ForwardAnswer {
    switch (outcome.kind) {
      case 'radius/no-answer': {
        const names = outcome.servers.map(({ server }) => server).join(', ')
        const client = this.#clients.get(group)!
        if (outcome.servers.every(({ server }) => !client.isSendable(server))) {
          return { reason: 116, detail: `nothing could be sent to ${group}: ${names}` }
        }
        return { reason: 117, detail: `none of ${group} answered: ${names}` }
      }
      case 'radius/unsendable':
        return { reason: 116, detail: `the request does not fit a packet: ${outcome.cause.code}` }
      case 'radius/answered': {
        const remote = this.#deps
          .spec()
          .remoteGroups?.[group]?.find((each, i) => keyOf(each, i) === outcome.server)
        if (remote === undefined) return { reason: 118, detail: `${outcome.server} is gone` }
        const back = returnReply(
          outcome.packet,
          proxyState,
          { secret: remote.secret, requestAuthenticator: outcome.requestAuthenticator },
          { secret, requestAuthenticator: packet.authenticator },
        )
        if (!back.ok) return { reason: 118, detail: back.error.code }
        this.#remember(back.value, outcome.server)
        return { reply: back.value, remote: outcome.server }
      }
    }
  }

  #remember({ code, attributes }: RadiusReply, server: string): void {
    const state = attributeValue(attributes, 'State')
    if (code !== RadiusCode.accessChallenge || state === undefined) return
    this.#states.delete(toHex(state))
    this.#states.set(toHex(state), server)
    if (this.#states.size > STATES_MAX) this.#states.delete(this.#states.keys().next().value!)
  }

  #clientOf(group: string): RadiusClient | undefined {
    const known = this.#clients.get(group)
    if (known !== undefined) return known
    const specs = this.#deps.spec().remoteGroups?.[group]
    if (specs === undefined || specs.length === 0) return undefined
    const servers = specs.map((spec, i): RadiusServer => ({
      key: keyOf(spec, i),
      secret: spec.secret,
      ...(spec.score !== undefined && { score: spec.score }),
      ...(spec.sendsMessageAuthenticator === true && { sendsMessageAuthenticator: true }),
      ...(spec.timeout !== undefined && { retransmission: rrasRetransmission(spec.timeout) }),
      address: this.#deps.addressOf(spec),
      port: spec.port ?? 1812,
      accountingPort: spec.accountingPort ?? 1813,
    }))
    const client = new RadiusClient(this.#host, servers, {
      source: `NPS/${group}`,
      note: (report) => {
        if (report.kind === 'radius/server-silent') {
          this.#host.log('NPS', `${report.server} of ${group} does not answer`)
        }
      },
    })
    this.#clients.set(group, client)
    return client
  }
}

/** As a remote server is called in events: its name or address. */
const keyOf = (
  { server, address }: { readonly server?: string; readonly address?: string },
  i: number,
): string => server ?? address ?? `server ${i + 1}`

function renamed({ packet, userName }: Forwarded): RadiusPacket {
  if (userName === undefined) return packet
  const name = attribute('User-Name', userName)
  const attributes = packet.attributes.map((each) => (each.type === name.type ? name : each))
  return { ...packet, attributes }
}
