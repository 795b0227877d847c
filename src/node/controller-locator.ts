/**
 * Where are the domain's controllers, and its global catalogs? By the SRV records that they register in DNS ([MS-ADTS] §6.3.2).
 * Not a ping: who is found may not answer. Sites are not modelled.
 */
import { parseIpv4 } from '../base/address.ts'
import type { Endpoint } from '../net/sockets.ts'
import { GLOBAL_CATALOG_PORT, LDAP_PORT } from '../wire/ldap.ts'
import type { StubResolver } from './stub-resolver.ts'

export type ControllerRole = 'controller' | 'catalog'

/** By role: the names to ask, the first that has records wins, and the port where a name has an address only. */
const PLACES: Readonly<
  Record<ControllerRole, { readonly names: readonly string[]; readonly port: number }>
> = {
  controller: { names: ['_ldap._tcp.dc._msdcs', '_ldap._tcp'], port: LDAP_PORT },
  catalog: { names: ['_ldap._tcp.gc._msdcs', '_gc._tcp'], port: GLOBAL_CATALOG_PORT },
}

interface Target {
  readonly priority: number
  readonly port: number
  readonly host: string
}

/**
 * `done` is called once with the endpoints to try, in order of priority; none: DNS names nobody. Without SRV records those that the
 * domain's own name leads to: every controller registers its address there.
 */
export function locateControllers(
  resolver: Pick<StubResolver, 'resolve'>,
  domain: string,
  role: ControllerRole,
  done: (endpoints: readonly Endpoint[]) => void,
): void {
  const { names, port } = PLACES[role]
  const tryName = (at: number): void => {
    const name = names[at]
    if (name === undefined)
      return addressesOf(resolver, [{ priority: 0, port, host: domain }], done)
    resolver.resolve({ name: `${name}.${domain}.`, type: 'SRV' }, { mode: 'api' }, (outcome) => {
      const targets = outcome.answers
        .filter(({ type }) => type === 'SRV')
        .flatMap(({ data }) => targetOf(data) ?? [])
        .toSorted((a, b) => a.priority - b.priority)
      if (targets.length > 0) addressesOf(resolver, targets, done)
      // Nobody answered: the next name would not be answered either.
      else if (outcome.rcode === 'TIMEOUT') done([])
      else tryName(at + 1)
    })
  }
  tryName(0)
}

/** `0 100 389 dc1.corp.contoso.com.` (RFC 2782). */
function targetOf(data: string): Target | undefined {
  const [priority, , port, host] = data.split(' ')
  return host === undefined
    ? undefined
    : { priority: Number(priority), port: Number(port), host: host.replace(/\.$/, '') }
}

function addressesOf(
  resolver: Pick<StubResolver, 'resolve'>,
  targets: readonly Target[],
  done: (endpoints: readonly Endpoint[]) => void,
): void {
  const found: Endpoint[] = []
  const tryTarget = (at: number): void => {
    const target = targets[at]
    if (target === undefined) return done(found)
    resolver.resolve({ name: `${target.host}.`, type: 'A' }, { mode: 'api' }, ({ answers }) => {
      for (const { type, data } of answers) {
        const address = type === 'A' ? parseIpv4(data) : undefined
        if (address !== undefined) found.push({ address, port: target.port })
      }
      tryTarget(at + 1)
    })
  }
  tryTarget(0)
}
