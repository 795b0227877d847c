/** A member server, a controller or two and their names in DNS, on one network; ports can be blocked on the way. */
import { ipv4 } from '../../src/base/address.ts'
import { seconds, type Duration } from '../../src/base/time.ts'
import { directoryOf } from '../../src/directory/accounts.ts'
import { accountOf, type Directory } from '../../src/directory/directory.ts'
import { DomainAuthority } from '../../src/directory/domain-authority.ts'
import { Fault, PASS } from '../../src/net/faults.ts'
import type { Stack } from '../../src/net/stack.ts'
import { createDirectoryClient, type DirectoryClient } from '../../src/node/directory-client.ts'
import { startDomainController } from '../../src/node/domain-controller.ts'
import type { StubAnswer, StubResolver } from '../../src/node/stub-resolver.ts'
import type { DirectorySpec } from '../../src/topology/directory.ts'
import { host, topology } from '../../src/topology/topology.ts'
import { Network, START } from '../net/network.ts'
import { ASSUMPTIONS } from '../../src/windows/assumptions.ts'
import { PASSWORD } from '../directory/people.ts'

export const DC1 = '10.0.0.6'
export const DC2 = '10.0.0.9'

const SPEC: DirectorySpec = {
  domain: 'corp.contoso.com',
  trustedDomains: ['fabrikam.com'],
  users: {
    ada: {
      name: 'Ada Lovelace',
      upn: 'ada@contoso.com',
      password: PASSWORD,
      dialIn: 'deny',
      callerId: '+44 20 7946 0000',
      framedIpAddress: '172.16.30.40',
    },
    bob: { password: PASSWORD, disabled: true, expires: seconds(3600) },
  },
  groups: {
    'VPN Users': ['Engineers'],
    Engineers: ['ada'],
    'RAS and IAS Servers': ['nps1'],
  },
}

export function directoryWith(change: Partial<DirectorySpec> = {}): Directory {
  const made = topology({
    name: 'site',
    start: '2026-03-02T08:00:00Z',
    networks: { lan: '10.0.0.0/24' },
    nodes: {
      nps1: host({ lan: '10.0.0.7' }, { os: 'windows-server-2022' }),
      laptop: host({ lan: '10.0.0.8' }, { os: 'windows-11' }),
    },
  })
  return directoryOf({ ...made, directory: { ...SPEC, ...change } }, START)!
}

const srv = (data: string): StubAnswer => ({ name: '', type: 'SRV', ttl: 600, data })
const a = (data: string): StubAnswer => ({ name: '', type: 'A', ttl: 600, data })
export const RECORDS: Readonly<Record<string, readonly StubAnswer[]>> = {
  '_ldap._tcp.dc._msdcs.corp.contoso.com. SRV': [
    srv('10 100 389 dc2.corp.contoso.com.'),
    srv('0 100 389 dc1.corp.contoso.com.'),
  ],
  '_gc._tcp.corp.contoso.com. SRV': [srv('0 100 3268 dc1.corp.contoso.com.')],
  'dc1.corp.contoso.com. A': [a(DC1)],
  'dc2.corp.contoso.com. A': [a(DC2)],
}

export class Site {
  readonly net: Network
  readonly nps: Stack
  readonly dc1: Stack
  readonly authority: DomainAuthority
  readonly client: DirectoryClient
  directory: Directory
  readonly asked: string[] = []
  stop: () => void
  stop2: (() => void) | undefined

  constructor(
    settings: {
      readonly directory?: Partial<DirectorySpec>
      readonly records?: typeof RECORDS
      readonly globalCatalog?: boolean
      readonly second?: boolean
    } = {},
  ) {
    this.net = new Network()
    this.nps = this.net.stack('nps1', { lan: '10.0.0.7/24' })
    this.dc1 = this.net.stack('dc1', { lan: `${DC1}/24` })
    this.directory = directoryWith(settings.directory)
    this.authority = new DomainAuthority({
      directory: () => this.directory,
      clock: () => this.dc1.wallClock,
    })
    const { globalCatalog = true, records = RECORDS } = settings
    const spec = { service: 'domain-controller', globalCatalog } as const
    this.stop = startDomainController(this.dc1, spec, () => this.authority)
    if (settings.second === true) {
      const dc2 = this.net.stack('dc2', { lan: `${DC2}/24` })
      this.stop2 = startDomainController(dc2, spec, () => this.authority)
    }
    const resolver: Pick<StubResolver, 'resolve'> = {
      resolve: ({ name, type }, _, done) => {
        this.asked.push(`${name} ${type}`)
        const answers = records[`${name} ${type}`] ?? []
        const rcode = answers.length > 0 ? 'NOERROR' : 'NXDOMAIN'
        this.nps.after(seconds(0), () =>
          done({ name, type, rcode, answers, servers: [], why: [], fromCache: false }),
        )
      },
    }
    this.client = createDirectoryClient(this.nps, {
      resolver,
      computer: () => accountOf(this.directory, 'computer', 'nps1'),
      authority: () => this.authority,
      kdcAssume: () => ASSUMPTIONS,
    })
  }

  /** What a question comes to, and how long that took. */
  ask<T>(begin: (client: DirectoryClient, done: (result: T) => void) => void): T {
    const results: T[] = []
    begin(this.client, (result) => results.push(result))
    if (results.length > 0) throw new Error('answered before the call returned')
    this.net.run(seconds(60))
    if (results.length !== 1) throw new Error(`answered ${results.length} times`)
    return results[0]!
  }

  lookup(name: string) {
    return this.ask<Parameters<Parameters<DirectoryClient['lookup']>[1]>[0]>((client, done) =>
      client.lookup(name, done),
    )
  }

  /** `8`, or the account's name. */
  found(name: string): string | number {
    const result = this.lookup(name)
    return result.ok ? result.account.name : result.reason
  }

  /** Lose every packet to a port of a controller, without a word. */
  block(port: number, address = DC1): Disposable {
    return this.net
      .segment('lan')
      .addFault(
        new Fault({ name: `block ${port}` }, ({ tcp, ipv4: packet }) =>
          tcp?.destinationPort === port && packet?.destination === ipv4(address)
            ? { kind: 'drop', why: 'blocked' }
            : PASS,
        ),
      )
  }

  /** Stop the service of the first controller and start it again. */
  restart(): void {
    this.stop()
    const spec = { service: 'domain-controller' } as const
    this.stop = startDomainController(this.dc1, spec, () => this.authority)
    this.net.run(seconds(1))
  }

  run(by: Duration): void {
    this.net.run(by)
  }

  events(): readonly number[] {
    return this.net.trace
      .ofKind('logged')
      .flatMap(({ node, eventId }) => (node === 'nps1' && eventId !== undefined ? [eventId] : []))
  }
}
