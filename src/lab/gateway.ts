/**
 * A gateway's RADIUS side in a lab: its client, its connections' numbers, what Windows clients keep of TLS sessions with the server behind it.
 * Not the verb `authenticate`: `authentication.ts` has that.
 */
import type { AccountedSession } from '../engine/radius/accounting.ts'
import { rrasRetransmission } from '../engine/radius/retransmission.ts'
import { tlsSessions, type TlsSessions } from '../engine/tls.ts'
import { RadiusClient, type RadiusServer } from '../node/radius-client.ts'
import type { RadiusServerSpec } from '../topology/nps.ts'
import { gatewayEvent } from '../windows/nps/gateway-events.ts'
import { serverAddress } from './nps.ts'
import type { ServiceContext } from './service-context.ts'

/** What a gateway remembers between connections. */
export class Gateway {
  readonly context: ServiceContext
  readonly client: RadiusClient
  readonly #servers: readonly RadiusServer[]
  readonly #sessions = new Map<string, TlsSessions>()
  /** Sessions that were let in, for accounting. */
  readonly accounted = new Map<string, AccountedSession>()

  constructor(context: ServiceContext, servers: readonly RadiusServerSpec[]) {
    const { stack } = context
    this.context = context
    this.#servers = servers.map((spec, i) => serverFrom(context, spec, i))
    this.client = new RadiusClient(stack, this.#servers, {
      source: 'RemoteAccess',
      note: (report) => {
        if (report.kind !== 'radius/server-silent') return
        this.log({ id: 20146, server: report.server })
      },
    })
  }

  get first(): RadiusServer {
    return this.#servers[0]!
  }

  log(event: Parameters<typeof gatewayEvent>[1]): void {
    const { stack } = this.context
    const { source, text, id, fields } = gatewayEvent(stack.wallClock, event)
    stack.log(source, text, id, fields)
  }

  secretOf(server: string): string {
    return this.#servers.find(({ key }) => key === server)!.secret
  }

  /** A number that no connection had before. */
  next(): number {
    return this.context.nextConnection()
  }

  /** Sessions that a client may resume. `key`: whose they are, and of what. */
  sessionsOf(key: string): TlsSessions {
    const { stack } = this.context
    const known = this.#sessions.get(key) ?? tlsSessions({ now: () => stack.now })
    this.#sessions.set(key, known)
    return known
  }

  close(): void {
    this.client.close()
  }
}

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
