/**
 * The RADIUS clients of an NPS: whose entry has this address? Read when the service starts, as Windows reads them.
 * Not their secrets' use.
 */
import {
  parseIpv4,
  parsePrefix,
  prefixContains,
  type Ipv4,
  type Prefix,
} from '../../base/address.ts'
import type { NpsSpec, RadiusClientSpec } from '../../topology/nps.ts'
import type { Resolve } from '../web-client.ts'

interface Range {
  readonly prefix: Prefix
  readonly client: RadiusClientSpec
}

/** Entries with an address, then those with a name, then ranges; of two for one address, the one that stands first. */
export class RadiusClients {
  readonly #exact = new Map<Ipv4, RadiusClientSpec>()
  readonly #ranges: Range[] = []

  constructor({ clients = [], allowsClientRanges = true }: NpsSpec, resolve: Resolve) {
    for (const client of clients) {
      const address = parseIpv4(client.address)
      const prefix = client.address.includes('/') ? parsePrefix(client.address) : undefined
      if (address !== undefined) this.#add(address, client)
      else if (prefix?.ok === true) {
        if (allowsClientRanges) this.#ranges.push({ prefix: prefix.value, client })
      } else {
        resolve(client.address, (answer) => {
          if ('rcode' in answer) return
          for (const each of answer) this.#add(each, client)
        })
      }
    }
  }

  /** Undefined: nobody that this server knows, or an entry that is disabled. */
  find(address: Ipv4): RadiusClientSpec | undefined {
    const client =
      this.#exact.get(address) ??
      this.#ranges.find(({ prefix }) => prefixContains(prefix, address))?.client
    return client?.enabled === false ? undefined : client
  }

  #add(address: Ipv4, client: RadiusClientSpec): void {
    if (!this.#exact.has(address)) this.#exact.set(address, client)
  }
}
