/** Zones and questions for the tests of DNS engines. */
import { ipv4 } from '../../../src/base/address.ts'
import { handleQuery, serverZones, type Arrival } from '../../../src/engine/dns/query-handler.ts'
import { parseZone } from '../../../src/engine/dns/zone-file.ts'
import type { Zone } from '../../../src/engine/dns/zone.ts'
import type { SourceFile } from '../../../src/topology/files.ts'
import type { DnsServerSpec } from '../../../src/topology/services.ts'
import { encodeMessage } from '../../../src/wire/dns/encode.ts'
import {
  decodeMessage,
  queryFor,
  type Edns,
  type Message,
  type ResourceRecord,
} from '../../../src/wire/dns/message.ts'
import { nameOf, showName } from '../../../src/wire/dns/name.ts'
import { formatRdata } from '../../../src/wire/dns/rdata-text.ts'
import { CLASS, typeName, typeNumber } from '../../../src/wire/dns/registry.ts'
import { valueOf } from '../../wire/results.ts'

export const fileOf = (text: string): SourceFile => ({ path: 'test.zone', text, encoding: 'utf-8' })
export const zoneOf = (origin: string, text: string): Zone =>
  valueOf(parseZone(fileOf(text), origin))

export const HEAD = '$TTL 1h\n@ SOA ns1 admin 1 2h 15m 2w 10m\n@ NS ns1\nns1 A 192.0.2.53\n'

export const FROM: Arrival = {
  transport: 'udp',
  client: ipv4('10.0.0.9'),
  server: ipv4('10.0.0.53'),
}

export interface Asking {
  readonly spec?: Partial<DnsServerSpec>
  readonly arrival?: Partial<Arrival>
  readonly edns?: Edns
  readonly recursionDesired?: boolean
}

/** Ask a server that has `zones`, by key. Undefined: it stays silent or would recurse. */
export function ask(
  zones: Readonly<Record<string, Zone>>,
  name: string,
  type: string,
  how: Asking = {},
): Message | undefined {
  const spec: DnsServerSpec = { service: 'dns-server', zones: Object.keys(zones), ...how.spec }
  const question = { name: nameOf(name), type: typeNumber(type)!, class: CLASS.IN }
  const edns = how.edns === undefined ? {} : { edns: how.edns }
  const query = queryFor(question, {
    id: 7,
    recursionDesired: how.recursionDesired ?? false,
    ...edns,
  })
  const own = serverZones(spec, new Map(Object.entries(zones)))
  const handled = handleQuery(spec, own, encodeMessage(query), { ...FROM, ...how.arrival })
  return handled.kind === 'respond' ? valueOf(decodeMessage(handled.bytes)) : undefined
}

/** `www.contoso.com 3600 A 192.0.2.1` */
export const lines = (records: readonly ResourceRecord[] = []): string[] =>
  records.map(
    (r) => `${showName(r.name)} ${r.ttl} ${typeName(r.type)} ${formatRdata(r.type, r.data)}`,
  )
