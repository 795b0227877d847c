import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/base/address.ts'
import { seconds } from '../../../src/base/time.ts'
import { espCipher } from '../../../src/crypto/ike/esp-cipher.ts'
import { innerMtu, outerLength } from '../../../src/node/ike/esp-mtu.ts'
import { decodeEsp } from '../../../src/wire/esp.ts'
import { decodeIcmp, encodeIcmp } from '../../../src/wire/icmp.ts'
import { encodeIpv4, PROTOCOL } from '../../../src/wire/ipv4.ts'
import { decodeTcp, maximumSegmentSizeOf, TcpFlag } from '../../../src/wire/tcp.ts'
import { peer } from '../../net/network.ts'
import { CBC, espTunnel, GCM, ip, receivedBy, reassembled, sentBy } from './esp-tunnel.ts'

const SERVER = '10.0.0.5'
const CLIENT = '10.9.0.2'
/** Inner packets of 1,400 bytes, DF. */
const FULL = 1400 - 28
const toServer = { address: ipv4(SERVER), port: 53 }

const keys = (bytes: number, integrity: number) => ({
  encryption: new Uint8Array(bytes),
  integrity: new Uint8Array(integrity),
})

describe.each([
  ['AES-GCM', espCipher(GCM, keys(36, 0))],
  ['AES-CBC with HMAC-SHA1', espCipher(CBC, keys(32, 20))],
])('%s', (_, cipher) => {
  test.each([true, false])('what is left of a path is all that is left, in UDP: %s', (inUdp) => {
    for (let mtu = 200; mtu <= 1500; mtu++) {
      const inner = innerMtu(cipher, mtu, inUdp)
      expect(outerLength(cipher, inner, inUdp)).toBeLessThanOrEqual(mtu)
      expect(outerLength(cipher, inner + 1, inUdp)).toBeGreaterThan(mtu)
    }
    // What is computed is what is sent.
    const sealed = cipher.seal(1, 1, 4, new Uint8Array(1001), new Uint8Array(cipher.ivBytes))
    expect(sealed.length + (inUdp ? 28 : 20)).toBe(outerLength(cipher, 1001, inUdp))
  })

  test('a path that is narrower than anything is given the least there is', () => {
    expect(innerMtu(cipher, 60, true)).toBe(68)
  })
})

describe.each([
  ['in UDP', true, PROTOCOL.udp],
  ['as protocol 50', false, PROTOCOL.esp],
] as const)('ESP %s', (_, encapsulates, protocol) => {
  test('a full inner packet fits an Ethernet, and comes out as it went in', () => {
    const { net, client, server } = espTunnel({ encapsulates })
    const answering = peer(server, 53)
    peer(client).socket.send(toServer, new Uint8Array(FULL).fill(7), { dontFragment: true })
    net.run()
    expect(answering.received).toHaveLength(1)
    const [inner] = sentBy(net, 'client', 'vpn')
    expect(receivedBy(net, 'gateway', 'Internal')).toEqual([inner])
    const outer = sentBy(net, 'client', 'access').map(ip)
    expect(outer.map((each) => each.protocol)).toEqual([protocol])
    expect(outer[0]).toMatchObject({ dontFragment: false, moreFragments: false })
    // In the trace the inner packet says what carried it.
    const carried = net.trace.ofKind('received').find(({ nic }) => nic === 'Internal')
    const carrier = net.trace
      .ofKind('sent')
      .find(({ nic, frame }) => nic === 'access' && frame[13] === 0)
    expect(carried?.within).toBe(carrier?.packet)
  })

  test('with DF cleared outside, a narrow path fragments what DF keeps whole inside', () => {
    const { net, client, server } = espTunnel({ encapsulates, wanMtu: 1000 })
    const answering = peer(server, 53)
    peer(client).socket.send(toServer, new Uint8Array(FULL).fill(7), { dontFragment: true })
    net.run()
    expect(answering.received.map(({ text }) => text.length)).toEqual([FULL])
    const before = sentBy(net, 'client', 'access')
    const after = sentBy(net, 'router', 'wan')
    expect([before.length, after.length]).toEqual([1, 2])
    expect(after.every((bytes) => bytes.length <= 1000)).toBe(true)
    expect(reassembled(after)).toEqual([ip(before[0]!).payload])
    expect(receivedBy(net, 'gateway', 'Internal')).toEqual(sentBy(net, 'client', 'vpn'))
    expect(net.drops()).toEqual([])
  })

  test('what may be fragmented is, before it is encrypted: each piece a packet of ESP', () => {
    const { net, client, server } = espTunnel({ encapsulates })
    const answering = peer(server, 53)
    const sent = new Uint8Array(3000).map((_, i) => i)
    peer(client).socket.send(toServer, sent, { dontFragment: false })
    net.run()
    expect(answering.received.map(({ text }) => text.length)).toEqual([3000])
    const inner = sentBy(net, 'client', 'vpn')
    expect(inner.map((bytes) => bytes.length)).toEqual([1396, 1396, 276])
    expect(reassembled(inner)[0]!.subarray(8)).toEqual(sent)
    const outer = sentBy(net, 'client', 'access').map(ip)
    expect(outer.some(({ moreFragments }) => moreFragments)).toBe(false)
    const sequences = outer.map(({ payload }) => {
      const esp = decodeEsp(encapsulates ? payload.subarray(8) : payload)
      return esp.ok ? esp.value.sequence : undefined
    })
    expect(sequences).toEqual([1, 2, 3])
  })

  test('with DF copied, a path that is too narrow is learned, and TCP goes on without a fragment', () => {
    const { net, client, server } = espTunnel({
      encapsulates,
      wanMtu: 1000,
      outerDontFragment: 'copied',
    })
    let bytes = 0
    server.tcp.listen({ port: 80 }, () => ({ onData: (data) => void (bytes += data.length) }))
    client.tcp.connect({ address: ipv4(SERVER), port: 80 }, {}).send(new Uint8Array(50_000))
    net.run(seconds(60))
    expect(bytes).toBe(50_000)
    expect(net.drops('router')).toContain('too-big')
    const outside = sentBy(net, 'router', 'wan').map(ip)
    expect(outside.some((each) => each.moreFragments || each.fragmentOffset > 0)).toBe(false)
    // All that the path has is used: AES-GCM grows a packet by 26 to 29 bytes.
    const mtu = innerMtu(espCipher(GCM, keys(36, 0)), 1000, encapsulates)
    expect(client.mtuTo(ipv4(SERVER))).toBe(mtu)
    const largest = Math.max(
      ...receivedBy(net, 'gateway', 'Internal').map((packet) => packet.length),
    )
    expect(largest).toBe(mtu)
  })
})

describe('DF inside, and too long', () => {
  test('a program at the near end hears it at once', () => {
    const { net, client } = espTunnel()
    const asking = peer(client)
    asking.socket.send(toServer, new Uint8Array(FULL + 1), { dontFragment: true })
    net.run()
    expect(asking.errors).toMatchObject([{ code: 'too-big', mtu: 1400 }])
    expect(sentBy(net, 'client', 'access')).toEqual([])
  })

  test('a sender behind the far end gets Fragmentation Needed with the tunnel’s MTU, and its packet quoted', () => {
    const { net, server } = espTunnel()
    const asking = peer(server)
    const sent = new Uint8Array(FULL + 1).fill(3)
    asking.socket.send({ address: ipv4(CLIENT), port: 53 }, sent, { dontFragment: true })
    net.run()
    expect(asking.errors).toMatchObject([{ code: 'too-big', mtu: 1400, from: ipv4('10.0.0.1') }])
    const [refused] = sentBy(net, 'server', 'corp')
    const errors = sentBy(net, 'gateway', 'corp').map((bytes) => decodeIcmp(ip(bytes).payload))
    expect(errors).toMatchObject([{ ok: true, value: { type: 3, code: 4, rest: 1400 } }])
    const quote = errors[0]!.ok ? errors[0]!.value.payload : new Uint8Array()
    expect(quote).toEqual(refused!.subarray(0, quote.length))
    expect(quote.length).toBe(548)
  })

  test('one client’s narrow path is not another’s', () => {
    const { net, router, gateway, server } = espTunnel({ outerDontFragment: 'copied' })
    const asking = peer(server)
    // The way to one client narrows: a router on it has told the gateway so.
    router.send({
      protocol: PROTOCOL.icmp,
      source: ipv4('192.0.2.1'),
      destination: ipv4('192.0.2.10'),
      payload: fragmentationNeeded(1200),
    })
    net.run(seconds(1))
    expect(gateway.mtuTo(ipv4('198.51.100.2'))).toBe(1200)
    for (const to of ['10.9.0.2', '10.9.0.3'])
      asking.socket.send({ address: ipv4(to), port: 53 }, new Uint8Array(FULL), {
        dontFragment: true,
      })
    net.run()
    const mtu = innerMtu(espCipher(GCM, keys(36, 0)), 1200, true)
    expect(asking.errors.filter(({ code }) => code === 'too-big')).toMatchObject([
      { mtu, to: { address: ipv4('10.9.0.2') }, from: ipv4('10.0.0.1') },
    ])
    expect(receivedBy(net, 'other', 'vpn')).toHaveLength(1)
    expect(net.drops('gateway')).toEqual(['too-big'])
  })
})

/** About a packet of the gateway's to the first client. */
function fragmentationNeeded(mtu: number): Uint8Array {
  const quote = encodeIpv4({
    dscpEcn: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 60,
    protocol: PROTOCOL.udp,
    source: ipv4('192.0.2.10'),
    destination: ipv4('198.51.100.2'),
    options: new Uint8Array(0),
    payload: new Uint8Array(1400),
  })
  return encodeIcmp({ type: 3, code: 4, rest: mtu, payload: quote.subarray(0, 28) })
}

describe('TCP', () => {
  test('names a segment size that fits the tunnel, from both sides', () => {
    const { net, client, server } = espTunnel()
    server.tcp.listen({ port: 80 }, (connection) => ({
      onData: () => connection.send(new Uint8Array(20_000)),
    }))
    let bytes = 0
    const connection = client.tcp.connect(
      { address: ipv4(SERVER), port: 80 },
      { onData: (data) => void (bytes += data.length) },
    )
    connection.send(new Uint8Array(20_000))
    net.run()
    expect(bytes).toBeGreaterThan(0)
    const syn = (node: string, nic: string) =>
      sentBy(net, node, nic)
        .map(ip)
        .filter((packet) => packet.protocol === PROTOCOL.tcp)
        .flatMap((packet) => {
          const tcp = decodeTcp(packet.payload, packet)
          const isSyn = tcp.ok && (tcp.value.flags & TcpFlag.syn) !== 0
          return isSyn ? [maximumSegmentSizeOf(tcp.value)] : []
        })
    expect(syn('client', 'vpn')).toEqual([1360])
    expect(syn('server', 'corp')).toEqual([1460])
    const sizes = [...sentBy(net, 'client', 'vpn'), ...receivedBy(net, 'client', 'vpn')]
    expect(Math.max(...sizes.map(({ length }) => length))).toBe(1400)
    expect(net.drops('gateway')).toEqual([])
  })
})
