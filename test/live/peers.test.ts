import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4, type Ipv4 } from '../../src/base/address.ts'
import { Peers, PEERS_MAX } from '../../src/live/peers.ts'

const GATEWAY = ipv4('172.16.20.10')
const asGateway = (): Ipv4 => GATEWAY
const endpoint = (address: string, port: number) => ({ address: ipv4(address), port })

describe('a real peer', () => {
  test('speaks with the address that it was given and its own port, and is found by them', () => {
    const peers = new Peers(asGateway)
    const peer = peers.heard(endpoint('127.0.0.1', 40_000))
    expect(peer.simulated).toEqual({ address: GATEWAY, port: 40_000 })
    expect(peer.host).toBe('127.0.0.1')
    expect(peers.at(peer.simulated)).toBe(peer)
    expect(peers.at({ address: GATEWAY, port: 40_001 })).toBeUndefined()
  })

  test('is the same peer each time', () => {
    const peers = new Peers(asGateway)
    const first = peers.heard(endpoint('127.0.0.1', 40_000))
    peers.heard(endpoint('127.0.0.1', 40_001))
    expect(peers.heard(endpoint('127.0.0.1', 40_000))).toBe(first)
    expect(peers.size).toBe(2)
  })

  test('gets another port when its own is taken by one who speaks with the same address', () => {
    const peers = new Peers(asGateway)
    const one = peers.heard(endpoint('127.0.0.1', 40_000))
    const two = peers.heard(endpoint('127.0.0.2', 40_000))
    expect(two.simulated.port).not.toBe(40_000)
    expect(peers.at(one.simulated)).toBe(one)
    expect(peers.at(two.simulated)).toBe(two)
  })
})

describe('memory', () => {
  test('those unheard for longest are forgotten first, and whoever is heard stays', () => {
    const peers = new Peers(asGateway)
    const faithful = endpoint('127.0.0.1', 5000)
    const kept = peers.heard(faithful)
    const forgotten = peers.heard(endpoint('127.0.0.1', 5001))
    for (let i = 0; i < 3 * PEERS_MAX; i++) {
      peers.heard(endpoint('10.0.0.1', 10_000 + i))
      if (i % 1000 === 0) peers.heard(faithful)
    }
    expect(peers.size).toBeLessThanOrEqual(PEERS_MAX)
    expect(peers.size).toBeGreaterThanOrEqual(PEERS_MAX / 2)
    expect(peers.at(kept.simulated)).toBe(kept)
    expect(peers.at(forgotten.simulated)).not.toBe(forgotten)
  })

  test('many peers behind one port number take each other’s place rather than time', () => {
    const peers = new Peers(asGateway)
    for (let i = 1; i <= 300; i++) peers.heard({ address: (0x7f000000 + i) as Ipv4, port: 4000 })
    expect(peers.size).toBeLessThanOrEqual(300)
    const last = peers.heard({ address: (0x7f000000 + 300) as Ipv4, port: 4000 })
    expect(peers.at(last.simulated)).toBe(last)
  })

  test('no two peers ever hold one simulated endpoint, and each that was heard last is found', () => {
    const heard = fc.record({
      address: fc.integer({ min: 0x7f000001, max: 0x7f000008 }).map((n) => n as Ipv4),
      port: fc.integer({ min: 1, max: 6 }),
    })
    fc.assert(
      fc.property(fc.array(heard, { maxLength: 200 }), (sequence) => {
        const peers = new Peers(asGateway)
        for (const real of sequence) {
          const peer = peers.heard(real)
          expect(peer.real).toEqual(real)
          expect(peers.at(peer.simulated)).toBe(peer)
        }
      }),
    )
  })
})
