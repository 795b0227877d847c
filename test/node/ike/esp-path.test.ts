/** Which pair of ESP SAs a packet goes by while one replaces another (RFC 7296 §2.8). Not the pairs, and no network. */
import { REAL_IKE } from '../../../src/crypto/ike/cryptography.ts'
import { expect, test } from 'vitest'
import { u32 } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import type { Instant } from '../../../src/base/time.ts'
import { EspSa } from '../../../src/engine/esp/esp-sa.ts'
import type { IkeChild } from '../../../src/engine/ikev2/contract.ts'
import { EspPath } from '../../../src/node/ike/esp-path.ts'
import {
  GCM,
  laptopChild,
  mirrored,
  inner,
  packetOf,
  SERVER,
  LAPTOP,
} from '../../engine/esp/pair.ts'

const FIRST = laptopChild(GCM)
const second = (asked: 'own' | 'peer'): IkeChild =>
  laptopChild(GCM, { spi: 0x3000_0001, remoteSpi: 0x4000_0002, replaces: FIRST.spi, asked })

/** The laptop's path with both pairs, and the SPIs of what it sends. */
function renewed(asked: 'own' | 'peer') {
  const sent: number[] = []
  const path = new EspPath({
    now: 0 as Instant,
    rng: rngFrom('path'),
    cryptography: REAL_IKE,
    outerDontFragment: 'cleared',
    mtuTo: () => 1500,
    send: (_, packet) => void sent.push(u32(packet, 0)),
    deliver: () => {},
    wears: () => {},
  })
  path.up(FIRST)
  path.up(second(asked))
  return {
    path,
    sends: (): number => {
      path.send(inner())
      return sent.at(-1)!
    },
    /** The gateway sends by a pair. */
    hears: (child: IkeChild): void => {
      const gateway = new EspSa(mirrored(child), { rng: rngFrom('gateway'), wears: () => {} })
      const answer = inner({ source: SERVER, destination: LAPTOP })
      path.receive(packetOf(gateway.seal(answer)))
    },
  }
}

test('who asked for the new pair sends by it at once', () => {
  expect(renewed('own').sends()).toBe(second('own').remoteSpi)
})

test('who was asked goes on with the old one until it hears the new', () => {
  const { sends, hears } = renewed('peer')
  expect(sends()).toBe(FIRST.remoteSpi)
  hears(FIRST)
  expect(sends()).toBe(FIRST.remoteSpi)
  hears(second('peer'))
  expect(sends()).toBe(second('peer').remoteSpi)
})

test('or until the old one is deleted', () => {
  const { sends, path } = renewed('peer')
  path.down(FIRST.spi)
  expect(sends()).toBe(second('peer').remoteSpi)
})

test('a new pair that is given up again changes nothing', () => {
  const { sends, path } = renewed('peer')
  path.down(second('peer').spi)
  expect(sends()).toBe(FIRST.remoteSpi)
})
