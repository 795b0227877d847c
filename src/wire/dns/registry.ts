/**
 * Numbers of the DNS and their names: types, classes, rcodes, opcodes (IANA "Domain Name System (DNS) Parameters").
 * Numbers stay numbers everywhere; a number without a name prints as RFC 3597 §5 says and survives a round trip.
 */

export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  NXT: 30,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SPF: 99,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  CAA: 257,
} as const

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  NOTAUTH: 9,
  BADVERS: 16,
} as const

export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const

const namesOf = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(table).map(([name, number]) => [number, name]))

const TYPE_NAMES = namesOf(TYPE)
const TYPE_NUMBERS = new Map([...TYPE_NAMES].map(([number, name]) => [name, number]))
const CLASS_NAMES = namesOf(CLASS)
const CLASS_NUMBERS = new Map([...CLASS_NAMES].map(([number, name]) => [name, number]))
const RCODE_NAMES = namesOf(RCODE)

/** `typeName(28)` → `AAAA`, `typeName(4711)` → `TYPE4711`. */
export const typeName = (type: number): string => TYPE_NAMES.get(type) ?? `TYPE${type}`
export const className = (number: number): string => CLASS_NAMES.get(number) ?? `CLASS${number}`
export const rcodeName = (rcode: number): string => RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`

const numbered = (prefix: string, text: string): number | undefined => {
  const m = new RegExp(`^${prefix}(\\d{1,5})$`, 'i').exec(text)
  return m !== null && Number(m[1]) <= 0xffff ? Number(m[1]) : undefined
}

/** Reads `AAAA`, `aaaa` and `TYPE28`; undefined for what is no type. */
export const typeNumber = (text: string): number | undefined =>
  TYPE_NUMBERS.get(text.toUpperCase()) ?? numbered('TYPE', text)
export const classNumber = (text: string): number | undefined =>
  CLASS_NUMBERS.get(text.toUpperCase()) ?? numbered('CLASS', text)

/** OPT, the transaction types and the question-only types: none of them is ever data in a zone (RFC 6895 §3.1). */
export const isMetaType = (type: number): boolean =>
  type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255)
