/**
 * A gateway's RADIUS side in a lab: its client, whom it asks about and in which words. Not the verb `authenticate` (`authentication.ts`), and not the tunnels (`remote-access.ts`): both ask by way of this.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import type { AccountedSession } from '../engine/radius/accounting.ts'
import { rrasRetransmission } from '../engine/radius/retransmission.ts'
import { connectionAttributes, type VpnConnection } from '../node/nas/attributes.ts'
import { authenticate, type Claim, type NasOutcome } from '../node/nas/nas.ts'
import type { NpsDecision } from '../node/nps/decision.ts'
import { RadiusClient, type RadiusServer } from '../node/radius-client.ts'
import type { RadiusServerSpec } from '../topology/nps.ts'
import { gatewayEvent } from '../windows/nps/gateway-events.ts'
import { attribute } from '../wire/radius/attributes.ts'
import { definitionNamed } from '../wire/radius/dictionary.ts'
import type { RadiusAttribute, RadiusPacket } from '../wire/radius/packet.ts'
import { serverAddress } from './nps.ts'
import type { GatewayCaller, ServiceContext } from './service-context.ts'

/** What NPS has decided of a session: one of these servers, or else any. */
export type DecisionOf = (sessionId: string, servers: readonly string[]) => NpsDecision | undefined

/** What a gateway remembers between connections. */
export class Gateway {
  readonly context: ServiceContext
  readonly client: RadiusClient
  readonly #servers: readonly RadiusServer[]
  readonly #decisionOf: DecisionOf
  readonly #stopMeasuring: () => void
  /** Sessions that were let in, for accounting. */
  readonly accounted = new Map<string, AccountedSession>()

  constructor(
    context: ServiceContext,
    servers: readonly RadiusServerSpec[],
    decisionOf: DecisionOf,
  ) {
    const { stack } = context
    this.context = context
    this.#decisionOf = decisionOf
    this.#servers = servers.map((spec, i) => serverFrom(context, spec, i))
    this.client = new RadiusClient(stack, this.#servers, {
      source: 'RemoteAccess',
      note: (report) => {
        if (report.kind !== 'radius/server-silent') return
        this.log({ id: 20146, server: report.server })
      },
    })
    this.#stopMeasuring = context.measure({
      kind: 'radius-client',
      read: () => this.client.loads,
    })
  }

  /** Acct-Session-Id for who calls next. */
  nextSessionId(): string {
    return `${this.context.stack.name}-${this.next()}`
  }

  /** Ask the servers about somebody. `done` is called once. */
  ask(caller: GatewayCaller, claim: Claim, done: (outcome: NasOutcome) => void): void {
    const { stack } = this.context
    const { sessionId } = caller
    const connection = this.#connectionOf(caller)
    const attributes = connectionAttributes(connection, caller.attributes)
    authenticate(
      {
        client: this.client,
        attributes,
        secretOf: (server) => this.#servers.find(({ key }) => key === server)!.secret,
        rng: stack.rng.fork(`RemoteAccess/${sessionId}`),
      },
      claim,
      (outcome) => {
        this.#logOutcome(caller, connection.callingStation, outcome)
        if (outcome.kind === 'accepted') {
          const session = accountedSession(attributes, outcome.packet)
          this.accounted.set(sessionId, { sessionId, began: stack.wallClock, attributes: session })
        }
        done(outcome)
      },
    )
  }

  #connectionOf({ sessionId, user, callingStation, clientName }: GatewayCaller): VpnConnection {
    const { stack } = this.context
    const server = this.#servers[0]!.address()
    const route = server === undefined ? undefined : stack.routeTo(server)
    const inner = stack.nics.find(({ name }) => name === route?.nic.name)?.address
    const outer = stack.nics[0]!.address!
    return {
      user,
      nasIdentifier: stack.name.toUpperCase(),
      nasAddress: inner ?? outer,
      port: this.next(),
      calledStation: outer,
      callingStation: callingStation ?? outer,
      sessionId,
      ...(clientName !== undefined && { clientName }),
    }
  }

  #logOutcome({ sessionId, user }: GatewayCaller, from: Ipv4, outcome: NasOutcome): void {
    const address = formatIpv4(from)
    if (outcome.kind === 'no-answer') return this.log({ id: 20271, user, address, silent: true })
    if (outcome.kind !== 'rejected') return
    const reason = this.#decisionOf(sessionId, [outcome.server])?.reason ?? 16
    this.log({ id: 20271, user, address, reason, code: 691 })
  }

  /** RFC 2865 §5.8: what accounting says is the address that the client got, whoever chose it. */
  addressed(session: string, address: Ipv4): void {
    const known = this.accounted.get(session)
    if (known === undefined) return
    const others = known.attributes.filter(({ type }) => type !== typeOf('Framed-IP-Address'))
    const attributes = [...others, attribute('Framed-IP-Address', address)]
    this.accounted.set(session, { ...known, attributes })
  }

  log(event: Parameters<typeof gatewayEvent>[1]): void {
    const { stack } = this.context
    const { source, text, id, fields } = gatewayEvent(stack.wallClock, event)
    stack.log(source, text, id, fields)
  }

  /** A number that no connection had before. */
  next(): number {
    return this.context.nextConnection()
  }

  close(): void {
    this.#stopMeasuring()
    this.client.close()
  }
}

/** RFC 2866 §5: what the request said of the connection, with the Class and the address of the answer; the session's own come with it. */
const accountedSession = (
  asked: readonly RadiusAttribute[],
  { attributes }: RadiusPacket,
): readonly RadiusAttribute[] => [
  ...asked.filter(({ type }) => type !== typeOf('Acct-Session-Id')),
  ...attributes.filter(({ type }) => RETURNED.includes(type)),
]

const typeOf = (name: string): number | undefined => definitionNamed(name)?.type
const RETURNED: readonly (number | undefined)[] = [typeOf('Class'), typeOf('Framed-IP-Address')]

function serverFrom(context: ServiceContext, spec: RadiusServerSpec, i: number): RadiusServer {
  const { score, sendsMessageAuthenticator, timeout, port, accountingPort, secret } = spec
  return {
    key: spec.server ?? spec.address ?? `server ${i + 1}`,
    secret,
    ...(score !== undefined && { score }),
    ...(sendsMessageAuthenticator === true && { sendsMessageAuthenticator }),
    ...(timeout !== undefined && { retransmission: rrasRetransmission(timeout) }),
    address: serverAddress(context, spec, context.addressOf),
    port: port ?? 1812,
    accountingPort: accountingPort ?? 1813,
  }
}
