/** Digests: what the platform's randomness put into frames counts by its length, and everything else by its value. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { concat } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { repeatableFrames } from '../../src/net/digest.ts'
import { Trace } from '../../src/net/trace.ts'
import { encodeEthernet, ETHER_TYPE, tagFrame } from '../../src/wire/ethernet.ts'
import { encodeIcmp, ICMP_TYPE } from '../../src/wire/icmp.ts'
import { encodeIpv4, PROTOCOL } from '../../src/wire/ipv4.ts'
import { encodeRadius, type RadiusAttribute } from '../../src/wire/radius/packet.ts'
import { encodeTcp, TcpFlag } from '../../src/wire/tcp.ts'
import { encodeUdp } from '../../src/wire/udp.ts'
import { clientOf, serverOf, talk } from '../engine/tls-pair.ts'

const [CLIENT, SERVER] = [ipv4('192.0.2.10'), ipv4('192.0.2.20')]
const ends = { source: CLIENT, destination: SERVER }

const packet = (protocol: number, payload: Uint8Array, fragment: { offset?: number } = {}) =>
  encodeIpv4({
    dscpEcn: 0,
    identification: 7,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: fragment.offset ?? 0,
    ttl: 64,
    protocol,
    ...ends,
    options: new Uint8Array(),
    payload,
  })

const frame = (payload: Uint8Array) =>
  encodeEthernet({
    destination: new Uint8Array(6).fill(1),
    source: new Uint8Array(6).fill(2),
    etherType: ETHER_TYPE.ipv4,
    payload,
  })

const udp = (payload: Uint8Array, destinationPort = 1812) =>
  packet(PROTOCOL.udp, encodeUdp({ sourcePort: 50_000, destinationPort, payload }, ends))

const tcp = (payload: Uint8Array, destinationPort = 443, flags: number = TcpFlag.ack) =>
  packet(
    PROTOCOL.tcp,
    encodeTcp(
      {
        sourcePort: 50_000,
        destinationPort,
        sequence: 1,
        acknowledgement: 1,
        flags,
        window: 1000,
        urgentPointer: 0,
        options: [],
        payload,
      },
      ends,
    ),
  )

const digestOf = (...frames: readonly Uint8Array[]): string => {
  const trace = new Trace(() => 0 as Instant)
  for (const each of frames) {
    trace.add({ kind: 'sent', node: 'a', nic: 'lan', packet: 1, frame: each })
  }
  return trace.digest()
}

interface Random {
  readonly authenticator?: number
  readonly mac?: number
  readonly eap?: readonly number[]
  readonly key?: number
}

/** An Access-Challenge or Access-Accept whose random fields are filled with the numbers given. */
function radius(random: Random, change: { readonly user?: string; readonly code?: number } = {}) {
  const key = concat(
    Uint8Array.of(0, 0, 1, 55, 16, 36, 0x80, 1),
    new Uint8Array(32).fill(random.key ?? 0),
  )
  const eap = [1, 7, 1, 0, 13, 0x80, 0, 0, 4, 0, ...(random.eap ?? [1, 2, 3])]
  const attributes: RadiusAttribute[] = [
    { type: 1, value: Buffer.from(change.user ?? 'alice') },
    { type: 79, value: Uint8Array.from(eap) },
    { type: 79, value: Uint8Array.from(random.eap ?? [1, 2, 3]) },
    { type: 26, value: key },
    { type: 80, value: new Uint8Array(16).fill(random.mac ?? 0) },
  ]
  const authenticator = new Uint8Array(16).fill(random.authenticator ?? 0)
  return encodeRadius({ code: change.code ?? 11, identifier: 9, authenticator, attributes })
}

describe('RADIUS with TLS in it', () => {
  const plain = digestOf(frame(udp(radius({}))))

  test('is the same whatever was random in it', () => {
    const other = radius({ authenticator: 1, mac: 2, eap: [4, 5, 6], key: 3 })
    expect(digestOf(frame(udp(other)))).toBe(plain)
    expect(digestOf(frame(udp(other, 1645)))).toBe(digestOf(frame(udp(radius({}), 1645))))
    expect(digestOf(tagFrame(frame(udp(other)), 5))).toBe(
      digestOf(tagFrame(frame(udp(radius({}))), 5)),
    )
  })

  test('differs with a name, a code, a length, or what else is not random', () => {
    const others = [
      radius({}, { user: 'mallet' }),
      radius({}, { code: 2 }),
      radius({ eap: [1, 2, 3, 4] }),
    ]
    const digests = others.map((other) => digestOf(frame(udp(other))))
    expect(new Set([plain, ...digests]).size).toBe(4)
  })

  test('a request’s authenticator is the seed’s, so it counts', () => {
    const [one, two] = [1, 2].map((authenticator) => radius({ authenticator }, { code: 1 }))
    expect(digestOf(frame(udp(one!)))).not.toBe(digestOf(frame(udp(two!))))
  })

  test('a method without TLS counts byte by byte', () => {
    const of = (last: number) => {
      const value = Uint8Array.of(2, 7, 0, 7, 26, 2, last)
      return encodeRadius({
        code: 1,
        identifier: 9,
        authenticator: new Uint8Array(16),
        attributes: [{ type: 79, value }],
      })
    }
    expect(digestOf(frame(udp(of(1))))).not.toBe(digestOf(frame(udp(of(2)))))
  })

  test('later fragments count by their length', () => {
    const later = (byte: number, length = 40) =>
      frame(packet(PROTOCOL.udp, new Uint8Array(length).fill(byte), { offset: 1480 }))
    expect(digestOf(later(1))).toBe(digestOf(later(2)))
    expect(digestOf(later(1))).not.toBe(digestOf(later(1, 48)))
  })

  test('other ports count byte by byte', () => {
    const [one, two] = [1, 2].map((mac) => frame(udp(radius({ mac }), 53)))
    expect(digestOf(one!)).not.toBe(digestOf(two!))
  })
})

describe('IKE and ESP', () => {
  const sealed = (filled: number, length = 40) => new Uint8Array(length).fill(filled)
  /** An IKE_AUTH whose first payload is `first`, with so much of it in the clear. */
  const ike = (first: number, header: readonly number[], body: Uint8Array) =>
    concat(
      new Uint8Array(16).fill(9),
      Uint8Array.of(first, 0x20, 35, 8, 0, 0, 0, 1, 0, 0, 0, 28 + header.length + body.length),
      Uint8Array.from(header),
      body,
    )
  const [SK, SKF, SA] = [46, 53, 33]
  const marker = new Uint8Array(4)
  const spi = Uint8Array.of(1, 2, 3, 4)
  const sequence = (number: number) => Uint8Array.of(0, 0, 0, number)
  const esp = (filled: number, number = 1, length = 40) =>
    concat(spi, sequence(number), sealed(filled, length))

  test.each([
    ['an Encrypted payload', (n: number) => udp(ike(SK, [41, 0, 0, 44], sealed(n)), 500)],
    [
      'one on port 4500',
      (n: number) => udp(concat(marker, ike(SK, [41, 0, 0, 44], sealed(n))), 4500),
    ],
    ['a fragment', (n: number) => udp(ike(SKF, [41, 0, 0, 48, 0, 1, 0, 2], sealed(n)), 500)],
    ['ESP in UDP', (n: number) => udp(esp(n), 4500)],
    ['ESP', (n: number) => packet(PROTOCOL.esp, esp(n))],
    ['a later fragment of ESP', (n: number) => packet(PROTOCOL.esp, sealed(n), { offset: 1480 })],
  ])('%s is the same whatever is in it', (_, of) => {
    expect(digestOf(frame(of(1)))).toBe(digestOf(frame(of(2))))
  })

  test.each([
    [
      'what is not encrypted',
      udp(ike(SA, [0, 0, 0, 44], sealed(1)), 500),
      udp(ike(SA, [0, 0, 0, 44], sealed(2)), 500),
    ],
    [
      'the number of a fragment',
      udp(ike(SKF, [41, 0, 0, 48, 0, 1, 0, 2], sealed(1)), 500),
      udp(ike(SKF, [41, 0, 0, 48, 0, 2, 0, 2], sealed(1)), 500),
    ],
    ['the sequence number of ESP', packet(PROTOCOL.esp, esp(1)), packet(PROTOCOL.esp, esp(1, 2))],
    ['its length', udp(esp(1), 4500), udp(esp(1, 1, 44), 4500)],
    ['a keepalive', udp(Uint8Array.of(0xff), 4500), udp(Uint8Array.of(0xfe), 4500)],
  ])('%s counts', (_, one, other) => {
    expect(digestOf(frame(one))).not.toBe(digestOf(frame(other)))
  })
})

describe('TLS over TCP', () => {
  const connection = async (port: number): Promise<string> => {
    const { flights } = await talk(clientOf(), serverOf())
    return digestOf(...flights.map((flight) => frame(tcp(flight, port))))
  }

  test.each([443, 8443])('is the same in every run, on port %i', async (port) => {
    expect(await connection(port)).toBe(await connection(port))
  })

  test('counts by its length, and its headers by their value', () => {
    const of = (byte: number, length: number) => frame(tcp(new Uint8Array(length).fill(byte)))
    expect(digestOf(of(1, 20))).toBe(digestOf(of(2, 20)))
    expect(digestOf(of(1, 20))).not.toBe(digestOf(of(1, 21)))
    const reset = frame(tcp(new Uint8Array(20), 443, TcpFlag.ack | TcpFlag.psh))
    expect(digestOf(of(0, 20))).not.toBe(digestOf(reset))
  })

  test('a connection that begins anew on the same ports is read anew', async () => {
    const { flights } = await talk(clientOf(), serverOf())
    const before = [frame(tcp(flights[0]!, 8080)), frame(tcp(new Uint8Array(), 8080, TcpFlag.syn))]
    const after = ['one', 'two'].map((text) =>
      digestOf(...before, frame(tcp(Buffer.from(text), 8080))),
    )
    expect(after[0]).not.toBe(after[1])
  })
})

test('what an ICMP error quotes is judged like the packet itself', () => {
  const quoting = (payload: Uint8Array) =>
    frame(
      packet(
        PROTOCOL.icmp,
        encodeIcmp({ type: ICMP_TYPE.destinationUnreachable, code: 3, rest: 0, payload }),
      ),
    )
  const [one, two] = [1, 2].map((mac) => udp(radius({ mac })).subarray(0, 28))
  expect(digestOf(quoting(one!))).toBe(digestOf(quoting(two!)))
  const [here, there] = [53, 54].map((port) => udp(radius({}), port).subarray(0, 28))
  expect(digestOf(quoting(here!))).not.toBe(digestOf(quoting(there!)))
})

test('frames of any bytes are read, and keep their length', () => {
  const head = frame(udp(radius({}))).subarray(0, 42)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(41), fc.nat(255), (bytes, at, byte) => {
      const mutated = concat(head, bytes)
      mutated[at] = byte
      for (const each of [bytes, mutated]) {
        expect(repeatableFrames()(each)).toHaveLength(each.length)
      }
    }),
  )
})

test('secrets of a key log are no events and do not count', () => {
  const [one, two] = [new Trace(() => 0 as Instant), new Trace(() => 0 as Instant)]
  one.addSecret('CLIENT_RANDOM 00 01')
  expect(one.secrets('tls')).toEqual(['CLIENT_RANDOM 00 01'])
  expect(one.events).toEqual([])
  expect(JSON.stringify(one)).not.toContain('CLIENT_RANDOM')
  expect(one.digest()).toBe(two.digest())
})
