/**
 * Questions drawn from a seed, as bytes: names that are there, above, below and beside, in any case, all types, EDNS of every kind,
 * and messages that are wrong. Each knows how it is to be sent.
 */
import type { Rng } from '../../../src/base/rng.ts'
import { encodeMessage } from '../../../src/wire/dns/encode.ts'
import { queryFor, type Edns, type Message } from '../../../src/wire/dns/message.ts'
import { nameOctets, nameOf, parseName, type Name } from '../../../src/wire/dns/name.ts'
import { CLASS, TYPE, typeName, typeNumber } from '../../../src/wire/dns/registry.ts'
import { DRAWN_TYPES, type Count, type DrawnZones } from './draw-zones.ts'

export interface DrawnQuery {
  readonly bytes: Uint8Array
  readonly transport: 'udp' | 'tcp'
  readonly message: Message
}

const COMMON = ['A', 'AAAA', 'MX', 'SRV', 'NS', 'SOA', 'CNAME', 'TXT', 'ANY', 'DS']
const ODD = [
  'TYPE0',
  'OPT',
  'TSIG',
  'TKEY',
  'AXFR',
  'IXFR',
  'MAILA',
  'MAILB',
  'TYPE200',
  'NSEC',
  'KEY',
  'SIG',
  'NXT',
  'TYPE65000',
]

export function drawQuery(rng: Rng, id: number, zones: DrawnZones, count: Count): DrawnQuery {
  const transport = rng.chance(0.15) ? 'tcp' : 'udp'
  count(`transport: ${transport}`)
  const { name, type } = drawSubject(rng, zones, transport, count)
  count(`type: ${typeName(type)}`)
  // Not CH: BIND limits the rate of what it says about itself.
  const rclass = rng.chance(0.97) ? CLASS.IN : rng.pick([CLASS.HS, CLASS.ANY, CLASS.NONE, 77])
  count(`class: ${rclass === CLASS.IN ? 'IN' : 'another'}`)
  const edns = drawEdns(rng, count)
  const plain = queryFor(
    { name, type, class: rclass },
    { id, recursionDesired: rng.chance(0.5), ...(edns === undefined ? {} : { edns }) },
  )
  const message: Message = {
    ...plain,
    authenticData: rng.chance(0.1),
    checkingDisabled: rng.chance(0.1),
    ...drawFault(rng, plain, count),
  }
  const bytes = encodeMessage(message)
  return { bytes: spoil(rng, bytes, count), transport, message }
}

/** Mostly any name with any type; sometimes a name that has the type, or one whose answer is rare. */
function drawSubject(
  rng: Rng,
  zones: DrawnZones,
  transport: 'udp' | 'tcp',
  count: Count,
): { name: Name; type: number } {
  const way = rng.below(20)
  if (way === 0) return { name: nameOf(rng.pick(zones.rare)), type: drawType(rng, transport) }
  if (way > 3) return { name: drawName(rng, zones.names, count), type: drawType(rng, transport) }
  const type = rng.pick([...zones.ownersOf.keys()])
  return { name: nameOf(rng.pick(zones.ownersOf.get(type)!)), type: typeNumber(type)! }
}

function drawType(rng: Rng, transport: 'udp' | 'tcp'): number {
  const text = rng.chance(0.6)
    ? rng.pick(COMMON)
    : rng.chance(0.9)
      ? rng.pick(DRAWN_TYPES)
      : rng.pick(ODD)
  const type = typeNumber(text)!
  // A transfer over TCP is a dialogue of its own, not one answer.
  return transport === 'tcp' && (type === TYPE.AXFR || type === TYPE.IXFR) ? TYPE.A : type
}

function drawName(rng: Rng, names: readonly string[], count: Count): Name {
  const known = parseName(rng.pick(names))
  const base = known.ok ? known.value : []
  const way = rng.below(10)
  let name: Name = base
  if (way === 0) name = base.slice(1)
  else if (way === 1) name = [rng.pick(['a', 'www', 'nix', '*', 'b', '\0', 'dot.ted']), ...base]
  else if (way === 2) name = [rng.pick(['a', 'zz', '*', 'VPN']), ...base.slice(1)]
  else if (way === 3) name = ['deep', 'er', ...base]
  count(`name: ${['above', 'below', 'beside', 'far below'][way] ?? 'as drawn'}`)
  if (nameOctets(name) > 255) name = base
  if (!rng.chance(0.3)) return name
  count('name: random case')
  return name.map((label) =>
    label.replace(/[a-z]/gi, (c) => (rng.chance(0.5) ? c.toUpperCase() : c.toLowerCase())),
  )
}

function drawEdns(rng: Rng, count: Count): Edns | undefined {
  if (rng.chance(0.4)) {
    count('edns: none')
    return undefined
  }
  const payloadSize = rng.pick([0, 511, 512, 513, 600, 700, 1000, 1231, 1232, 1233, 4096, 65_535])
  count(`edns: size ${payloadSize}`)
  const version = rng.chance(0.03) ? 1 + rng.below(255) : 0
  if (version > 0) count('edns: version above 0')
  const dnssecOk = rng.chance(0.3)
  if (dnssecOk) count('edns: DO')
  const options = rng.chance(0.15)
    ? [{ code: 65_001 + rng.below(100), data: rng.bytes(rng.below(12)) }]
    : []
  if (options.length > 0) count('edns: unknown option')
  return { version, payloadSize, dnssecOk, options }
}

/** Messages that are well formed and still no ordinary query. */
function drawFault(rng: Rng, plain: Message, count: Count): Partial<Message> {
  if (!rng.chance(0.02)) return {}
  const kind = rng.pick(['two questions', 'opcode', 'answer in a query'] as const)
  count(`odd: ${kind}`)
  const question = plain.question[0]!
  if (kind === 'two questions') return { question: [question, { ...question, type: TYPE.AAAA }] }
  if (kind === 'opcode') return { opcode: rng.pick([1, 2, 3, 6, 7, 15]) }
  return {
    answer: [
      {
        name: question.name,
        type: TYPE.A,
        class: question.class,
        ttl: 1,
        data: Uint8Array.of(1, 2, 3, 4),
      },
    ],
  }
}

/** Bytes that are cut, prolonged, or lie about their counts. */
function spoil(rng: Rng, bytes: Uint8Array, count: Count): Uint8Array {
  if (!rng.chance(0.01)) return bytes
  const kind = rng.pick(['cut short', 'trailing octets', 'pointer to itself'] as const)
  count(`odd: ${kind}`)
  if (kind === 'cut short') return bytes.slice(0, 13 + rng.below(bytes.length - 13))
  if (kind === 'trailing octets') return Uint8Array.from([...bytes, ...rng.bytes(1 + rng.below(4))])
  const out = bytes.slice()
  out[12] = 0xc0
  out[13] = 12
  return out
}
