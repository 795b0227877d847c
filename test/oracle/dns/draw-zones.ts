/**
 * Zones drawn from a seed, as master-file text: every record type that is read here, in as many ways of writing as RFC 1035 has.
 * Not valid by chance: what is drawn obeys the rules that BIND loads zones by, so that each zone reaches the questions.
 */
import type { Rng } from '../../../src/base/rng.ts'
import type { ZoneSpec } from '../../../src/topology/topology.ts'

/** Counts by feature; a feature that stays at zero fails the run. */
export type Count = (feature: string) => void

export interface DrawnZones {
  readonly zones: Readonly<Record<string, ZoneSpec>>
  /** Names worth asking for, absolute, in master-file text: owners, targets, and what lies about them. */
  readonly names: readonly string[]
  /** Owners by type, so that a question can be sure of an answer. */
  readonly ownersOf: ReadonlyMap<string, readonly string[]>
  /** Names whose answers are rare: chains without end, DNAMEs that grow too long. */
  readonly rare: readonly string[]
}

const ORIGINS = [
  'contoso.test',
  'corp.contoso.test',
  'fabrikam.test',
  '2.0.192.in-addr.arpa',
] as const
const LABELS = [
  'a',
  'b',
  'www',
  'mail',
  'dc1',
  'VPN',
  '_ldap',
  '_tcp',
  'x-y',
  'Straße',
  'dot\\.ted',
  'sp\\032ace',
  '\\000nul',
  'quo\\"te',
  'semi\\;colon',
  'at\\@',
  '\\200high',
  'l'.repeat(63),
  '7',
  'under_score',
  'par\\(en',
] as const

interface Drawing {
  readonly rng: Rng
  readonly origin: string
  readonly count: Count
  readonly names: string[]
  readonly rare: string[]
  readonly ownersOf: Map<string, string[]>
  /** Absolute owner → lines still to be written. */
  readonly owners: Map<string, Line[]>
}

interface Line {
  readonly type: string
  readonly ttl: number
  readonly data: string
}

export function drawZones(rng: Rng, count: Count): DrawnZones {
  const names: string[] = ['.', 'test.', 'nowhere.example.', 'arpa.']
  const rare: string[] = []
  const ownersOf = new Map<string, string[]>()
  const zones = Object.fromEntries(
    ORIGINS.map((origin) => {
      const drawing: Drawing = {
        rng: rng.fork(origin),
        origin: `${origin}.`,
        count,
        names,
        rare,
        ownersOf,
        owners: new Map(),
      }
      return [
        origin.replaceAll('.', '-'),
        { origin, file: { path: `${origin}.zone`, text: drawZone(drawing), encoding: 'utf-8' } },
      ] as const
    }),
  )
  return { zones, names, ownersOf, rare }
}

function drawZone(d: Drawing): string {
  drawApex(d)
  for (const type of Object.keys(DRAW)) drawOwner(d, type)
  for (let i = 0; i < 20; i++) drawOwner(d)
  addLines(d, `nest.*.${d.rng.pick(LABELS)}.${d.origin}`, [
    { type: 'A', ttl: 5, data: '192.0.2.1' },
  ])
  d.count('owner: wildcard in the middle')
  for (let i = 0; i < 5; i++) drawDelegation(d)
  if (d.origin === 'contoso.test.') {
    const ns = [`ns1.corp.contoso.test.`, 'ns2.fabrikam.test.']
    addLines(
      d,
      'corp.contoso.test.',
      ns.map((data) => ({ type: 'NS', ttl: 300, data })),
    )
    d.count('zone: parent and child on one server')
  }
  for (let i = 0; i < 3; i++) drawDname(d)
  drawChains(d)
  return writeZone(d)
}

function drawApex(d: Drawing): void {
  const ttl = d.rng.pick([0, 60, 3600])
  const minimum = d.rng.pick([0, 30, 600, 86_400])
  d.count(minimum < ttl ? 'soa: minimum below TTL' : 'soa: TTL up to minimum')
  const soa = `ns1.${d.origin} host\\.master.${d.origin} ( 2026030${d.rng.below(10)} ; serial\n 1h 15m\t1w ${minimum} )`
  const ns = d.rng.chance(0.5) ? [`ns1.${d.origin}`, 'ns2.fabrikam.test.'] : [`ns1.${d.origin}`]
  addLines(d, d.origin, [
    { type: 'SOA', ttl, data: soa },
    ...ns.map((data) => ({ type: 'NS', ttl: 3600, data })),
    { type: 'MX', ttl: 300, data: `10 ${drawTarget(d)}` },
    ...(d.origin === 'contoso.test.' || d.rng.chance(0.5)
      ? [{ type: 'DNSKEY', ttl: 300, data: '256 3 13 (AAAA BBBB CCCC DDDD)' }]
      : []),
  ])
  addLines(d, `ns1.${d.origin}`, [{ type: 'A', ttl: 60, data: '192.0.2.53' }])
  addLines(d, `ns2.${d.origin}`, [
    { type: 'A', ttl: 60, data: '192.0.2.54' },
    { type: 'AAAA', ttl: 60, data: '2001:db8::54' },
  ])
}

/** One to three labels under the origin; sometimes with a wildcard as its first, or in its middle. */
function drawName(d: Drawing): string {
  const depth = 1 + d.rng.below(3)
  const labels: string[] = Array.from({ length: depth }, () => d.rng.pick(LABELS))
  if (d.rng.chance(0.12)) labels.unshift('*')
  else if (d.rng.chance(0.04)) labels.splice(1, 0, '*')
  const name = `${labels.join('.')}.${d.origin}`
  if (name.startsWith('*.')) d.count('owner: wildcard')
  if (depth === 3) d.count('owner: three labels down')
  if (name.includes('\\')) d.count('owner: escapes')
  if (/[^ -~]/.test(name)) d.count('owner: beyond ASCII')
  return name
}

/** Where a record may point: into this zone, another one, or outside all. */
function drawTarget(d: Drawing): string {
  const known = d.names.length > 8 && d.rng.chance(0.6)
  const target = known
    ? d.rng.pick(d.names)
    : d.rng.pick([
        `${d.rng.pick(LABELS)}.${d.origin}`,
        `${d.rng.pick(LABELS)}.${d.rng.pick(ORIGINS)}.`,
        'www.example.',
        '.',
      ])
  d.names.push(target)
  return target
}

const octet = (d: Drawing): number => d.rng.below(256)

const DRAW: Record<string, (d: Drawing) => string> = {
  A: (d) => `192.0.2.${octet(d)}`,
  AAAA: (d) =>
    d.rng.pick([`2001:db8::${octet(d).toString(16)}`, '::1', '::ffff:192.0.2.1', 'fe80:0:0::0:1']),
  MX: (d) => `${d.rng.below(65_536)} ${drawTarget(d)}`,
  SRV: (d) => `${d.rng.below(100)} 0 ${d.rng.pick([389, 25, 443])} ${drawTarget(d)}`,
  TXT: (d) =>
    d.rng.pick([
      'plain',
      '"two words" "and \\"quotes\\""',
      '""',
      '"semi;colon" back\\\\slash \\255',
      `"${'t'.repeat(200)}"`,
    ]),
  SPF: () => '"v=spf1 -all"',
  PTR: drawTarget,
  HINFO: () => 'x86 "Windows Server 2022"',
  NAPTR: (d) =>
    `10 20 "${d.rng.pick(['S', 'a', 'u', ''])}" "SIP+D2U" "${d.rng.pick(['', '!^.*$!sip:a@b!'])}" ${drawTarget(d)}`,
  CAA: () => '0 issue "ca.example; policy=ev"',
  DS: () => '12345 13 2 ( 0123456789ABCDEF0123456789ABCDEF\n 0123456789ABCDEF0123456789ABCDEF )',
  SSHFP: () => '4 2 0123456789abcdef0123456789ABCDEF 0123456789abcdef0123456789ABCDEF',
  TLSA: () => '3 1 1 0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF',
  RP: (d) => `${drawTarget(d)} ${drawTarget(d)}`,
  AFSDB: (d) => `1 ${drawTarget(d)}`,
  KX: (d) => `5 ${drawTarget(d)}`,
  MB: drawTarget,
  MG: drawTarget,
  MR: drawTarget,
  MINFO: (d) => `${drawTarget(d)} ${drawTarget(d)}`,
  // Over a type that is not there: a zone that is signed in part is nobody's.
  RRSIG: () =>
    'TYPE65282 13 3 3600 20300101000000 20260101000000 12345 contoso.test. ( AAAA BBBB )',
  TYPE4711: (d) =>
    d.rng.chance(0.2)
      ? '\\# 0'
      : `\\# 3 ${'0a0B0c'.slice(0, 4)} ${octet(d).toString(16).padStart(2, '0')}`,
  TYPE65280: () => '\\# 4 ( DEAD\n BEEF )',
}

/** Every type that a zone is drawn with; CNAME, DNAME, NS, SOA and DNSKEY have their own places. */
export const DRAWN_TYPES: readonly string[] = [
  ...Object.keys(DRAW),
  'SOA',
  'NS',
  'CNAME',
  'DNAME',
  'DNSKEY',
]

function drawOwner(d: Drawing, first?: string): void {
  const owner = drawName(d)
  // Beside records of DNSSEC, which BIND hides from ANY here, there is always something to see.
  addLines(d, owner, [{ type: 'A', ttl: 300, data: DRAW['A']!(d) }])
  const kinds = 1 + d.rng.below(3)
  for (let i = 0; i < kinds; i++) {
    const drawn = d.rng.pick(
      d.rng.chance(0.4) ? ['A', 'AAAA', 'MX', 'TXT', 'SRV'] : Object.keys(DRAW),
    )
    const type = i === 0 ? (first ?? drawn) : drawn
    const size = d.rng.chance(0.08) ? 10 + d.rng.below(12) : 1 + d.rng.below(3)
    if (size > 13) d.count('rrset: more than thirteen records')
    const ttl = d.rng.pick([0, 5, 300, 86_400])
    addLines(
      d,
      owner,
      Array.from({ length: size }, () => ({ type, ttl, data: DRAW[type]!(d) })),
    )
    d.count(`zone: ${type}`)
  }
}

function drawDelegation(d: Drawing): void {
  const cut = `${d.rng.pick(['sub', 'deleg', 'branch', 'B-ranch', 'x\\.y'])}${d.rng.below(9)}.${d.rng.chance(0.3) ? `${d.rng.pick(LABELS)}.` : ''}${d.origin}`
  if (hasAlias(d, cut)) return
  const targets = Array.from({ length: 1 + d.rng.below(3) }, () => {
    const kind = d.rng.below(4)
    if (kind < 2) return `ns${kind}.${cut}`
    return kind === 2
      ? `ns2.${d.origin}`
      : d.rng.pick(['ns1.fabrikam.test.', 'ns.example.', `ns0.sub1.${d.origin}`])
  })
  addLines(
    d,
    cut,
    targets.map((data) => ({ type: 'NS', ttl: 900, data })),
  )
  for (const target of new Set(targets)) {
    const glue = target.endsWith(`.${cut}`) && d.rng.chance(0.7)
    d.count(glue ? 'delegation: with glue' : 'delegation: without glue')
    if (glue) {
      addLines(d, target, [{ type: 'A', ttl: 900, data: `198.51.100.${octet(d)}` }])
      if (d.rng.chance(0.4))
        addLines(d, target, [{ type: 'AAAA', ttl: 900, data: '2001:db8:1::1' }])
    }
  }
  if (d.rng.chance(0.5)) {
    addLines(d, `hidden.${cut}`, [{ type: 'A', ttl: 60, data: '192.0.2.99' }])
    d.count('delegation: occluded data')
  }
  if (d.rng.chance(0.3)) addLines(d, cut, [{ type: 'DS', ttl: 60, data: DRAW['DS']!(d) }])
  d.names.push(`host.${cut}`)
}

function drawDname(d: Drawing): void {
  const owner = `dn${d.rng.below(100)}.${d.origin}`
  if (d.owners.has(owner)) return
  const long = d.rare.length === 0 || d.rng.chance(0.3)
  const target = long ? `${`${'m'.repeat(60)}.`.repeat(3)}${d.origin}` : drawTarget(d)
  addLines(d, owner, [{ type: 'DNAME', ttl: 120, data: target }])
  d.count('zone: DNAME')
  if (long) d.rare.push(`${`${'k'.repeat(40)}.`.repeat(2)}${owner}`)
  d.names.push(`under.${owner}`, `a.${owner}`)
}

/** Chains of two to fourteen CNAMEs, some that end in a loop, some that leave. */
function drawChains(d: Drawing): void {
  for (let chain = 0; chain < 6; chain++) {
    const length = d.rng.pick([1, 2, 4, 10, 11, 12, 14])
    const loops = chain === 0 || d.rng.chance(0.2)
    if (loops) d.rare.push(`c${chain}-0.${d.origin}`)
    d.count(loops ? 'chain: loop' : length > 10 ? 'chain: long' : 'chain: short')
    for (let i = 0; i < length; i++) {
      const owner = `${d.rng.chance(0.05) ? '*.' : ''}c${chain}-${i}.${d.origin}`
      const last = i === length - 1
      const data = last
        ? loops
          ? `c${chain}-0.${d.origin}`
          : drawTarget(d)
        : `c${chain}-${i + 1}.${d.origin}`
      addLines(d, owner, [{ type: 'CNAME', ttl: d.rng.pick([1, 60, 3600]), data }])
      d.count('zone: CNAME')
    }
  }
}

const fold = (name: string): string => name.replace(/[A-Z]/g, (c) => c.toLowerCase())

const hasAlias = (d: Drawing, owner: string): boolean =>
  (d.owners.get(fold(owner)) ?? []).some((line) => line.type === 'CNAME')

function addLines(d: Drawing, owner: string, lines: readonly Line[]): void {
  const present = d.owners.get(fold(owner)) ?? []
  // One TTL a set, and none twice, so that neither side has to choose.
  const ttls = new Map(present.map((line) => [line.type, line.ttl]))
  const known = new Set(present.map((line) => `${line.type} ${line.data}`))
  for (const line of lines) {
    if (known.has(`${line.type} ${line.data}`)) continue
    known.add(`${line.type} ${line.data}`)
    ttls.set(line.type, ttls.get(line.type) ?? line.ttl)
    present.push({ ...line, ttl: ttls.get(line.type)! })
    d.ownersOf.set(line.type, [...(d.ownersOf.get(line.type) ?? []), owner])
  }
  d.owners.set(fold(owner), present)
  d.names.push(owner)
}

/** The records in as many ways of writing as there are; the meaning is the same. */
function writeZone(d: Drawing): string {
  const lines: string[] = []
  const newline = d.rng.chance(0.3) ? '\r\n' : '\n'
  if (newline === '\r\n') d.count('text: CRLF')
  let defaultTtl: number | undefined
  let origin = d.origin
  for (const [owner, records] of d.owners) {
    if (d.rng.chance(0.1) && lines.length > 0) {
      origin = d.rng.chance(0.5) ? d.origin : `www.${d.origin}`
      lines.push(`$ORIGIN ${origin} ; from here`)
      d.count('text: $ORIGIN')
    }
    if (d.rng.chance(0.1)) {
      defaultTtl = d.rng.pick([0, 60, 300, 3600])
      lines.push(`$TTL ${defaultTtl === 3600 ? '1h' : defaultTtl}`)
      d.count('text: $TTL')
    }
    records.forEach((line, i) => {
      const omitted = i > 0 && d.rng.chance(0.5)
      if (omitted) d.count('text: owner omitted')
      lines.push(
        `${omitted ? '  ' : writeName(d, owner, origin)} ${writeLead(d, line, defaultTtl)} ${line.data}`,
      )
    })
  }
  return lines.join('\n').replaceAll('\n', newline) + newline
}

function writeName(d: Drawing, name: string, origin: string): string {
  if (name === origin) {
    d.count('text: @')
    return '@'
  }
  const relative = name.endsWith(`.${origin}`) && d.rng.chance(0.7)
  if (relative) d.count('text: relative name')
  return relative ? name.slice(0, -origin.length - 1) : name
}

function writeLead(d: Drawing, line: Line, defaultTtl: number | undefined): string {
  const ttl =
    line.ttl === defaultTtl && d.rng.chance(0.5)
      ? ''
      : d.rng.chance(0.2)
        ? `${line.ttl}s`
        : `${line.ttl}`
  if (ttl === '') d.count('text: TTL omitted')
  const rclass = d.rng.pick(['IN', 'in', '', 'CLASS1'])
  const type = d.rng.chance(0.1) ? line.type.toLowerCase() : line.type
  return (d.rng.chance(0.5) ? [ttl, rclass, type] : [rclass, ttl, type])
    .filter((word) => word !== '')
    .join(' ')
}
