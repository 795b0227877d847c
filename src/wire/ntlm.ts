/**
 * The three messages of NTLM ([MS-NLMP] §2.2.1), with which a computer signs in to LDAP where it has no Kerberos ticket.
 * Not the arithmetic (`crypto/ntlm.ts`), and nothing is signed or sealed afterwards. Numbers are little-endian, text is UTF-16.
 */
import { concat, equalBytes, utf8 } from '../base/bytes.ts'
import { decoder, type Reader } from './codec.ts'

export type NtlmMessage =
  | { readonly kind: 'negotiate'; readonly flags: number }
  | {
      readonly kind: 'challenge'
      readonly flags: number
      /** NetBIOS name of the domain. */
      readonly targetName: string
      /** 8 bytes. */
      readonly serverChallenge: Uint8Array
      /** AV_PAIRs (§2.2.2.1), as {@link encodeTargetInfo} writes them. */
      readonly targetInfo: Uint8Array
    }
  | {
      readonly kind: 'authenticate'
      readonly flags: number
      readonly domain: string
      readonly user: string
      readonly workstation: string
      readonly lmResponse: Uint8Array
      /** Version 2: 16 bytes of proof, and what they prove. */
      readonly ntResponse: Uint8Array
    }

/** §2.2.2.5: Unicode, target wanted, NTLM, extended session security, target information, 128 bits. */
export const NTLM_FLAGS = 0x20880205

const SIGNATURE = utf8('NTLMSSP\0')
const RFC = '[MS-NLMP] §2.2.1'
const TYPES = { negotiate: 1, challenge: 2, authenticate: 3 } as const

export const decodeNtlm = decoder<NtlmMessage>('ntlm', (r) => {
  if (!equalBytes(r.take(8, 'Signature', RFC), SIGNATURE)) r.reject('bad-value', 'Signature', RFC)
  const type = u32le(r, 'MessageType')
  switch (type) {
    case TYPES.negotiate: {
      const flags = u32le(r, 'NegotiateFlags')
      r.rest()
      return { kind: 'negotiate', flags }
    }
    case TYPES.challenge: {
      const targetName = payload(r, 'TargetName')
      const flags = u32le(r, 'NegotiateFlags')
      const serverChallenge = r.take(8, 'ServerChallenge', `${RFC}.2`)
      r.take(8, 'Reserved', `${RFC}.2`)
      const targetInfo = payload(r, 'TargetInfo')
      r.rest()
      return {
        kind: 'challenge',
        flags,
        targetName: fromUtf16(targetName),
        serverChallenge,
        targetInfo,
      }
    }
    case TYPES.authenticate: {
      const [lmResponse, ntResponse, domain, user, workstation] = [
        payload(r, 'LmChallengeResponse'),
        payload(r, 'NtChallengeResponse'),
        payload(r, 'DomainName'),
        payload(r, 'UserName'),
        payload(r, 'Workstation'),
      ]
      payload(r, 'EncryptedRandomSessionKey')
      const flags = u32le(r, 'NegotiateFlags')
      r.rest()
      return {
        kind: 'authenticate',
        flags,
        domain: fromUtf16(domain),
        user: fromUtf16(user),
        workstation: fromUtf16(workstation),
        lmResponse,
        ntResponse,
      }
    }
    default:
      return r.reject('bad-value', 'MessageType', RFC)
  }
})

const u32le = (r: Reader, field: string): number => le32(r.take(4, field, RFC))
const le32 = (b: Uint8Array): number => (b[0]! | (b[1]! << 8) | (b[2]! << 16) | (b[3]! << 24)) >>> 0

/** Length, room, offset from the start of the message: what stands there. */
function payload(r: Reader, field: string): Uint8Array {
  const fields = r.take(8, field, RFC)
  const length = fields[0]! | (fields[1]! << 8)
  const at = le32(fields.subarray(4))
  if (length > 0 && at + length > r.bytes.length) r.reject('truncated', field, RFC)
  return length === 0 ? new Uint8Array() : r.bytes.subarray(at, at + length)
}

const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf16le'))
const fromUtf16 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf16le')

export function encodeNtlm(message: NtlmMessage): Uint8Array {
  const head = [SIGNATURE, bytes32(TYPES[message.kind])]
  switch (message.kind) {
    case 'negotiate':
      return concat(...head, bytes32(message.flags), new Uint8Array(16))
    case 'challenge': {
      const body = new Payload(48)
      const target = body.add(utf16(message.targetName))
      const info = body.add(message.targetInfo)
      const { flags, serverChallenge } = message
      const fixed = [target, bytes32(flags), serverChallenge, new Uint8Array(8), info]
      return concat(...head, ...fixed, ...body.parts)
    }
    case 'authenticate': {
      const body = new Payload(64)
      const domain = body.add(utf16(message.domain))
      const user = body.add(utf16(message.user))
      const workstation = body.add(utf16(message.workstation))
      const lm = body.add(message.lmResponse)
      const nt = body.add(message.ntResponse)
      const sessionKey = body.add(new Uint8Array())
      const fixed = [lm, nt, domain, user, workstation, sessionKey, bytes32(message.flags)]
      return concat(...head, ...fixed, ...body.parts)
    }
  }
}

/** What stands behind the fixed part, and where. */
class Payload {
  readonly parts: Uint8Array[] = []
  #at: number

  constructor(at: number) {
    this.#at = at
  }

  add(part: Uint8Array): Uint8Array {
    const { length } = part
    const fields = concat(bytes16(length), bytes16(length), bytes32(this.#at))
    this.parts.push(part)
    this.#at += length
    return fields
  }
}

const bytes16 = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8)
const bytes32 = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24)

/** MsvAvNbDomainName, MsvAvNbComputerName, MsvAvDnsDomainName, MsvAvDnsComputerName, and the end of the list. */
export const encodeTargetInfo = (names: {
  readonly netbios: string
  readonly computer: string
  readonly domain: string
  readonly dnsName: string
}): Uint8Array =>
  concat(
    ...[
      [2, names.netbios] as const,
      [1, names.computer] as const,
      [4, names.domain] as const,
      [3, names.dnsName] as const,
    ].flatMap(([id, text]) => {
      const value = utf16(text)
      return [bytes16(id), bytes16(value.length), value]
    }),
    new Uint8Array(4),
  )
