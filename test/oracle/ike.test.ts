/**
 * IKE messages in the eyes of tshark: every field of real daemons' captures, and of a message of ours with payloads of all kinds in the clear.
 * Skips where tshark is missing, unless judges are required.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { instant } from '../../src/base/time.ts'
import { decodeEsp } from '../../src/wire/esp.ts'
import { decodeIke, encodeIke, IkeExchange } from '../../src/wire/ikev2/header.ts'
import { NotifyType } from '../../src/wire/ikev2/notify-types.ts'
import { decodePayloads, encodePayloads } from '../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../src/wire/ikev2/payloads.ts'
import { encodePcapng } from '../../src/wire/pcapng.ts'
import { capturePath } from '../wire/captures.ts'
import { ethernet, udpPacket } from '../wire/frames.ts'
import { ikeBytes, readDatagrams } from '../wire/ikev2/messages.ts'
import { valueOf } from '../wire/results.ts'
import { dissectIke, espFields, fieldsOf, type IkeField } from './tshark/ike-fields.ts'
import { hasTshark } from './tshark/tshark.ts'

const CAPTURES = ['ikev2/windows-client-2015.pcap', 'ikev2/tcpdump-ikev2four.pcap']
const ESP = 'ikev2/tcpdump-espudp1.pcap'
const required = process.env['SALLYPORT_JUDGES'] === 'required'
const isJudged = hasTshark() || required
const hasData = readDatagrams(CAPTURES[0]!) !== undefined || required
if (!isJudged || !hasData) {
  console.log(`IKE is not judged: ${isJudged ? 'the test data is missing' : 'no tshark'}`)
}

const ours = (bytes: Uint8Array): readonly IkeField[] => {
  const message = valueOf(decodeIke(bytes))
  return fieldsOf(message, valueOf(decodePayloads(message.nextPayload, message.payloads)))
}

const NOTHING = new Uint8Array()
const hash = (byte: number): Uint8Array => new Uint8Array(20).fill(byte)
const any = { protocol: 0, startPort: 0, endPort: 0xffff }

/** All kinds but EAP's inside and certificates, which have tests of their own. */
const ALL_KINDS: readonly IkePayload[] = [
  {
    kind: 'sa',
    proposals: [
      {
        number: 1,
        protocol: 3,
        spi: fromHex('c0ffee01'),
        transforms: [
          { type: 1, id: 12, keyLength: 256 },
          { type: 3, id: 12 },
          { type: 5, id: 0 },
        ],
      },
      {
        number: 2,
        protocol: 3,
        spi: fromHex('c0ffee02'),
        transforms: [
          { type: 1, id: 20, keyLength: 128 },
          { type: 4, id: 19 },
          { type: 5, id: 1 },
        ],
      },
      { number: 3, protocol: 1, spi: NOTHING, transforms: [{ type: 2, id: 5 }] },
    ],
  },
  { kind: 'ke', group: 31, data: new Uint8Array(32).fill(3) },
  { kind: 'nonce', data: new Uint8Array(32).fill(4) },
  { kind: 'id', role: 'initiator', type: 1, data: fromHex('0a000005') },
  { kind: 'id', role: 'responder', type: 2, data: fromHex('76706e') },
  { kind: 'certreq', encoding: 4, authorities: fromHex('01'.repeat(40)) },
  { kind: 'auth', method: 2, data: hash(5) },
  {
    kind: 'notify',
    protocol: 3,
    spi: fromHex('00000101'),
    type: NotifyType.REKEY_SA,
    data: NOTHING,
  },
  {
    kind: 'notify',
    protocol: 0,
    spi: NOTHING,
    type: NotifyType.NAT_DETECTION_SOURCE_IP,
    data: hash(6),
  },
  { kind: 'delete', protocol: 3, spis: [fromHex('00000101'), fromHex('00000102')] },
  { kind: 'delete', protocol: 1, spis: [] },
  { kind: 'vendor-id', data: hash(7) },
  {
    kind: 'ts',
    role: 'initiator',
    selectors: [{ kind: 'ipv4', ...any, start: ipv4('0.0.0.0'), end: ipv4('255.255.255.255') }],
  },
  {
    kind: 'ts',
    role: 'responder',
    selectors: [
      { kind: 'ipv4', ...any, protocol: 6, start: ipv4('10.0.0.1'), end: ipv4('10.0.0.9') },
      { kind: 'ipv6', ...any, start: new Uint8Array(16), end: new Uint8Array(16).fill(255) },
    ],
  },
  {
    kind: 'configuration',
    type: 2,
    attributes: [
      { type: 1, value: fromHex('0a000005') },
      { type: 3, value: fromHex('0a000035') },
      { type: 3, value: NOTHING },
      { type: 23_456, value: fromHex('0a000001') },
      { type: 13, value: fromHex('0a000000ff000000') },
    ],
  },
  { kind: 'eap', packet: fromHex('03010004') },
  { kind: 'fragment', first: 35, number: 2, total: 3, body: new Uint8Array(40) },
]

describe.runIf(isJudged)('IKE in the eyes of tshark', () => {
  test.runIf(hasData).for(CAPTURES)('%s', (name) => {
    const packets = dissectIke(capturePath(name))
    const messages = readDatagrams(name)!
    for (const datagram of messages) {
      expect(ours(ikeBytes(datagram)!)).toEqual(packets[datagram.frame - 1])
    }
    const count = packets.flat().length
    console.log(`${name}: ${messages.length} messages, ${count} fields equal`)
    expect(count).toBeGreaterThan(100)
  })

  test.runIf(hasData)('ESP in UDP', () => {
    const packets = dissectIke(capturePath(ESP), 'esp')
    const expected = readDatagrams(ESP)!.map(({ payload }) =>
      espFields(valueOf(decodeEsp(payload))),
    )
    // What else tshark says of ESP it has from packet to packet, and not from the bytes.
    const inBytes = (field: string): boolean => /^(spi|sequence) /.test(field)
    expect(expected).toEqual(packets.map((fields) => fields.filter(inBytes)))
    console.log(`${ESP}: ${packets.length} packets, ${expected.flat().length} fields equal`)
  })

  test('a message of ours with payloads of all kinds', () => {
    const { first, bytes } = encodePayloads(ALL_KINDS)
    const message = encodeIke({
      initiatorSpi: new Uint8Array(8).fill(1),
      responderSpi: new Uint8Array(8).fill(2),
      nextPayload: first,
      exchange: IkeExchange.informational,
      flags: 8,
      messageId: 5,
      payloads: bytes,
    })
    const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-ike-'))
    try {
      const file = path.join(folder, 'ike.pcapng')
      writeFileSync(
        file,
        encodePcapng({
          application: 'sallyport',
          interfaces: [{ name: 'laptop' }],
          frames: [
            {
              interface: 0,
              at: instant('2026-01-01T00:00:00Z'),
              direction: 'outbound',
              frame: ethernet(udpPacket('10.0.0.5:500', '203.0.113.10:500', message)),
            },
          ],
        }),
      )
      const [packet] = dissectIke(file)
      expect(ours(message)).toEqual(packet)
      console.log(`all kinds: ${ALL_KINDS.length} payloads, ${packet!.length} fields equal`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
