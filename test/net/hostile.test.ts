/** Nothing that a frame contains may throw, or vanish without a trace: random and mutated frames into a whole host. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { seconds } from '../../src/base/time.ts'
import { Switch } from '../../src/net/switch.ts'
import { encodeArp } from '../../src/wire/arp.ts'
import { BROADCAST_MAC, encodeEthernet, ETHER_TYPE, tagFrame } from '../../src/wire/ethernet.ts'
import { encodeIcmp } from '../../src/wire/icmp.ts'
import { PROTOCOL, writeHeaderChecksum } from '../../src/wire/ipv4.ts'
import { encodeTcp } from '../../src/wire/tcp.ts'
import { encodeUdp } from '../../src/wire/udp.ts'
import { at, ipFrame, Network, peer } from './network.ts'

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1)
const ENDS = { source: '10.0.0.9', destination: '10.0.0.1' }
const PAIR = { source: ipv4(ENDS.source), destination: ipv4(ENDS.destination) }
const NOTHING = new Uint8Array(0)

/** A router with open ports on two networks, one of them on a trunk. */
function victim() {
  const net = new Network('drops')
  net.segment('dmz', { vlan: 10, mtu: 600 })
  const trunk = new Switch(net.trace, { name: 'switch1' }).trunk('victim').allow('dmz')
  const stack = net.stack(
    'victim',
    { lan: at('10.0.0.1/24', { mac: MAC }), dmz: at('10.0.1.1/24', { mac: MAC, trunk }) },
    { forwards: true },
  )
  const nothing = (): undefined => undefined
  stack.hooks = {
    prerouting: nothing,
    input: nothing,
    forward: nothing,
    output: nothing,
    postrouting: nothing,
  }
  peer(stack, 53)
  stack.tcp.listen({ port: 443 }, () => ({}))
  return net
}

const segment = (flags: number): Uint8Array =>
  encodeTcp(
    {
      sourcePort: 5000,
      destinationPort: 443,
      sequence: 1,
      acknowledgement: 0,
      flags,
      window: 1000,
      urgentPointer: 0,
      options: [],
      payload: NOTHING,
    },
    PAIR,
  )

const quoted = ipFrame(
  { to: MAC },
  { source: ENDS.destination, destination: ENDS.source },
).subarray(14)

/** Sound frames of every kind, for mutation. */
const SOUND: readonly Uint8Array[] = [
  ipFrame({ to: MAC }, ENDS, {
    payload: encodeUdp({ sourcePort: 9, destinationPort: 53, payload: MAC }, PAIR),
  }),
  ipFrame({ to: MAC }, ENDS, { protocol: PROTOCOL.tcp, payload: segment(2) }),
  ipFrame({ to: MAC }, ENDS, { protocol: PROTOCOL.tcp, payload: segment(16) }),
  ipFrame({ to: MAC }, ENDS, {
    protocol: PROTOCOL.icmp,
    payload: encodeIcmp({ type: 8, code: 0, rest: 1, payload: MAC }),
  }),
  ipFrame({ to: MAC }, ENDS, {
    protocol: PROTOCOL.icmp,
    payload: encodeIcmp({ type: 3, code: 4, rest: 500, payload: quoted }),
  }),
  ipFrame({ to: MAC }, { ...ENDS, source: '127.0.0.1' }),
  ipFrame({ to: MAC }, { ...ENDS, destination: '192.0.2.1' }),
  ipFrame({ to: MAC }, { ...ENDS, destination: '10.0.1.7' }, { options: new Uint8Array(8) }),
  ipFrame({ to: MAC }, { ...ENDS, destination: '10.0.1.7' }, { payload: new Uint8Array(900) }),
  ipFrame({ to: MAC }, ENDS, { moreFragments: true, payload: new Uint8Array(16) }),
  ipFrame({ to: MAC }, ENDS, { fragmentOffset: 16, payload: new Uint8Array(9) }),
  encodeEthernet({
    destination: BROADCAST_MAC,
    source: Uint8Array.of(2, 0, 0, 0, 0, 9),
    etherType: ETHER_TYPE.arp,
    payload: encodeArp({
      operation: 1,
      senderMac: Uint8Array.of(2, 0, 0, 0, 0, 9),
      sender: PAIR.source,
      targetMac: new Uint8Array(6),
      target: PAIR.destination,
    }),
  }),
]

const random = fc.uint8Array({ maxLength: 100 })
const mutated = fc
  .tuple(
    fc.constantFrom(...SOUND),
    fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
    fc.option(fc.nat(120), { nil: undefined }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([sound, edits, cut, repair, tag]) => {
    const frame = sound.slice(0, cut)
    for (const [at, value] of edits) if (at < frame.length) frame[at] = value
    // With a right header checksum a mutation reaches further in.
    const header = 14 + ((frame[14] ?? 0) & 15) * 4
    if (repair && frame.length >= Math.max(34, header)) writeHeaderChecksum(frame, 14)
    return tag && frame.length >= 14 ? tagFrame(frame, 10) : frame
  })

test('random and mutated frames never throw, on plain and on tagged cables', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(mutated, mutated, random), { maxLength: 12 }), (frames) => {
      const net = victim()
      for (const frame of frames) {
        net.segment('lan').inject(frame)
        net.segment('dmz').inject(frame)
      }
      net.run(seconds(100))
    }),
    { numRuns: 400 },
  )
})

test('the mutations reach the depths: every layer had something to refuse, and sound frames were taken', () => {
  const net = victim()
  const frames = fc.sample(mutated, { numRuns: 1500, seed: 7 })
  for (const frame of [...SOUND, ...frames]) net.segment('lan').inject(frame)
  net.run(seconds(100))
  const reasons = new Set(net.drops('victim'))
  for (const reason of [
    'malformed',
    'bad-checksum',
    'not-modelled',
    'martian',
    'no-route',
    'no-listener',
    'no-neighbour',
    'reassembly-timeout',
    'fragment-dropped',
  ] as const)
    expect(reasons).toContain(reason)
})
