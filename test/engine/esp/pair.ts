/** Two ends of a pair of ESP SAs, and packets to send through it. */
import { ipv4, type Ipv4 } from '../../../src/base/address.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import type { EspSuite } from '../../../src/crypto/ike/transforms.ts'
import { EspSa, type EspOutcome, type EspSaOptions } from '../../../src/engine/esp/esp-sa.ts'
import type { EspKeys, IkeChild } from '../../../src/engine/ikev2/contract.ts'
import { ALL_IPV4, ipv4Selector } from '../../../src/engine/ikev2/selectors.ts'
import { encodeIpv4, PROTOCOL, type Ipv4Packet } from '../../../src/wire/ipv4.ts'
import { keysOf } from '../../crypto/ike/suites.ts'

export const GCM: EspSuite = { encryption: { id: 20, keyBits: 256 } }
export const GCM_ESN: EspSuite = { ...GCM, esn: true }
export const CBC: EspSuite = { encryption: { id: 12, keyBits: 256 }, integrity: 2 }

export const LAPTOP = ipv4('10.20.100.7')
export const SERVER = ipv4('10.20.0.80')
export const [SPI_OF_LAPTOP, SPI_OF_GATEWAY] = [0x1000_0001, 0x2000_0002]

/** The laptop's end may be one address, and reaches all. */
export function laptopChild(suite: EspSuite, rest: Partial<IkeChild> = {}): IkeChild {
  const keys = (label: string): EspKeys => keysOf({ name: 'esp', ...suite }, label)
  const endpoint = { address: 0 as Ipv4, port: 4500 }
  return {
    spi: SPI_OF_LAPTOP,
    remoteSpi: SPI_OF_GATEWAY,
    suite,
    inbound: keys('to laptop'),
    outbound: keys('to gateway'),
    localSelectors: [ipv4Selector(LAPTOP)],
    remoteSelectors: [ALL_IPV4],
    endpoints: { local: endpoint, remote: endpoint },
    encapsulates: true,
    asked: 'own',
    ...rest,
  }
}

/** The same pair from the other end. */
export const mirrored = (child: IkeChild): IkeChild => ({
  ...child,
  spi: child.remoteSpi,
  remoteSpi: child.spi,
  inbound: child.outbound,
  outbound: child.inbound,
  localSelectors: child.remoteSelectors,
  remoteSelectors: child.localSelectors,
})

export interface Ends {
  readonly laptop: EspSa
  readonly gateway: EspSa
  /** Which limits were reached, in order. */
  readonly worn: string[]
}

export function ends(
  suite: EspSuite,
  options: Omit<EspSaOptions, 'rng' | 'wears'> = {},
  rest: Partial<IkeChild> = {},
): Ends {
  const worn: string[] = []
  const child = laptopChild(suite, rest)
  const of = (name: string, own: IkeChild): EspSa =>
    new EspSa(own, {
      ...options,
      rng: rngFrom(name),
      wears: (limit) => worn.push(`${name} ${limit}`),
    })
  return { laptop: of('laptop', child), gateway: of('gateway', mirrored(child)), worn }
}

export const inner = (rest: Partial<Ipv4Packet> = {}): Uint8Array =>
  encodeIpv4({
    dscpEcn: 0,
    identification: 7,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: PROTOCOL.udp,
    source: LAPTOP,
    destination: SERVER,
    options: new Uint8Array(),
    payload: Uint8Array.of(0xc0, 0x01, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4),
    ...rest,
  })

/** A packet that must have come of it. */
export function packetOf(outcome: EspOutcome): Uint8Array {
  if ('dropped' in outcome) throw new Error(`dropped: ${outcome.dropped}`)
  return outcome.packet
}

/** `delivered`, or why not. */
export const fateOf = (outcome: EspOutcome): string =>
  'dropped' in outcome ? outcome.dropped : 'delivered'
