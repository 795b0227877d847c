/**
 * Who floods, in a process of its own. As a relay it stands between a client and its gateway, carries what they say, remembers some of it, and sends
 * rubbish to the client from where its gateway speaks. As a stranger it sends rubbish to the gateway from a thousand ports, knocks on TCP 443, and
 * counts what it is told. What it draws comes from a seed.
 */
import dgram from 'node:dgram'
import net from 'node:net'
import tls from 'node:tls'
import { concat, fromHex, setU16, toHex } from '../src/base/bytes.ts'
import { rngFrom, type Rng } from '../src/base/rng.ts'
import { IKE_HEADER_BYTES, IkeExchange, withMarker } from '../src/wire/ikev2/header.ts'
import { NotifyType } from '../src/wire/ikev2/notify-types.ts'

/** Real ports of a gateway, or of a relay in front of it. */
export interface IkePair {
  readonly ike: number
  readonly natT: number
}

export type LoadTask =
  | { readonly kind: 'relay'; readonly gateway: IkePair }
  | { readonly kind: 'samples' }
  | { readonly kind: 'flood-client'; readonly seconds: number; readonly perSecond: number }
  | ({
      readonly kind: 'flood-gateway'
      readonly seconds: number
      readonly perSecond: number
      readonly samples: Samples
    } & IkePair)
  /** TCP 443 of a gateway. */
  | { readonly kind: 'sstp'; readonly seconds: number; readonly port: number }

/** What went by, in hexadecimal, without the marker of port 4500. */
export interface Samples {
  readonly init: readonly string[]
  /** IKE from then on. */
  readonly ike: readonly string[]
  readonly esp: readonly string[]
}

export interface Flooded {
  readonly sent: number
  readonly seconds: number
  readonly answers: number
  readonly cookies: number
}

/** TCP connections that came, and how many of the honest among them were answered. */
export interface Guests {
  readonly tcp: number
  readonly asked: number
  readonly answered: number
}

const HOST = '127.0.0.1'
const PORTS = 1000
const SAMPLES_KEPT = 64
const DRAWN = 512
/** Sent and not yet taken by the machine. */
const WAITING_MAX = 5000
const KEEPALIVE = Uint8Array.of(0xff)

type Port = keyof IkePair

const open = async (address: string): Promise<dgram.Socket> => {
  const socket = dgram.createSocket({
    type: 'udp4',
    lookup: (host, _options, done) => done(null, host, 4),
  })
  socket.on('error', () => {})
  await new Promise<void>((bound) => socket.bind(0, address, bound))
  return socket
}

/** Call `send` so often, spread over the time, and at most as often as the machine takes it. Resolves with how often it was. */
async function paced(
  { seconds, perSecond }: { readonly seconds: number; readonly perSecond: number },
  send: (taken: () => void) => void,
): Promise<{ readonly sent: number; readonly seconds: number }> {
  const begin = performance.now()
  const elapsed = (): number => (performance.now() - begin) / 1e3
  let [sent, waiting] = [0, 0]
  while (elapsed() < seconds) {
    const due = Math.min(seconds, elapsed()) * perSecond
    for (; sent < due && waiting < WAITING_MAX; sent++) {
      waiting++
      send(() => waiting--)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return { sent, seconds: elapsed() }
}

// ── rubbish ──

const times = <T>(count: number, each: T): readonly T[] => Array.from({ length: count }, () => each)

/** One of `kept`, changed: a few bytes, its end, or its length. */
function changed(rng: Rng, kept: readonly Uint8Array[]): Uint8Array {
  if (kept.length === 0) return rng.bytes(1 + rng.below(300))
  const bytes = kept[rng.below(kept.length)]!.slice()
  for (let i = rng.below(8); i >= 0; i--) bytes[rng.below(bytes.length)] = rng.below(256)
  switch (rng.below(4)) {
    case 0:
      return bytes.slice(0, 1 + rng.below(bytes.length))
    case 1:
      return concat(bytes, rng.bytes(1 + rng.below(40)))
    default:
      return bytes
  }
}

/** A header of IKEv2 with nothing sensible behind it. */
function headed(rng: Rng): Uint8Array {
  const bytes = rng.bytes(IKE_HEADER_BYTES + rng.below(400))
  bytes[17] = 0x20
  bytes[18] = rng.pick([
    IkeExchange.saInit,
    IkeExchange.auth,
    IkeExchange.createChildSa,
    IkeExchange.informational,
  ])
  return bytes
}

/** A knock like the real one, by somebody else each time. */
function knock(rng: Rng, kept: readonly Uint8Array[]): Uint8Array {
  const bytes = kept[rng.below(kept.length)]!.slice()
  bytes.set(rng.bytes(8))
  return bytes
}

/** The same with a group in KE that nobody offered: refused at once, and dear. */
function strangeGroup(rng: Rng, kept: readonly Uint8Array[]): Uint8Array {
  const bytes = knock(rng, kept)
  // SA comes first and names what follows it (RFC 7296 §3.2).
  const ke = IKE_HEADER_BYTES + bytes[IKE_HEADER_BYTES + 2]! * 256 + bytes[IKE_HEADER_BYTES + 3]!
  setU16(bytes, ke + 4, 31)
  return bytes
}

type Drawn = readonly { readonly port: Port; readonly bytes: readonly Uint8Array[] }[]

/** In twenty datagrams. */
function rubbish(seed: string, samples: Samples, knocks: boolean): Drawn {
  const rng = rngFrom(seed)
  const [init, ike, esp] = [samples.init, samples.ike, samples.esp].map((kind) =>
    kind.map(fromHex),
  ) as [Uint8Array[], Uint8Array[], Uint8Array[]]
  const kind = (port: Port, make: () => Uint8Array) => ({
    port,
    bytes: Array.from({ length: DRAWN }, make),
  })
  const chance = (port: Port) => kind(port, () => rng.bytes(1 + rng.below(300)))
  const changedInit = kind('ike', () => changed(rng, init))
  const changedIke = kind('natT', () => withMarker(changed(rng, ike)))
  const changedEsp = kind('natT', () => changed(rng, esp))
  const knocking = knocks ? kind('ike', () => knock(rng, init)) : changedInit
  const refused = knocks ? kind('ike', () => strangeGroup(rng, init)) : changedIke
  return [
    ...times(2, chance('ike')),
    ...times(2, chance('natT')),
    kind('ike', () => headed(rng)),
    kind('natT', () => withMarker(headed(rng))),
    ...times(2, changedInit),
    ...times(3, changedIke),
    ...times(2, changedEsp),
    kind('natT', () => KEEPALIVE),
    ...times(4, knocking),
    ...times(2, refused),
  ]
}

// ── a stranger ──

async function floodGateway(task: Extract<LoadTask, { kind: 'flood-gateway' }>): Promise<Flooded> {
  const drawn = rubbish('stranger', task.samples, true)
  const rng = rngFrom('stranger/ports')
  let [answers, cookies] = [0, 0]
  const sockets: dgram.Socket[] = []
  for (let i = 0; i < PORTS; i++) {
    const socket = await open(`127.0.${1 + (i % 5)}.${1 + (i % 250)}`)
    socket.on('message', (bytes) => {
      answers++
      if (isCookie(bytes)) cookies++
    })
    sockets.push(socket)
  }
  let i = 0
  const flooded = await paced(task, (taken) => {
    const { port, bytes } = drawn[i++ % drawn.length]!
    sockets[rng.below(PORTS)]!.send(bytes[rng.below(DRAWN)]!, task[port], HOST, taken)
  })
  for (const socket of sockets) socket.close()
  return { ...flooded, answers, cookies }
}

/** A header, and one notification (RFC 7296 §2.6). */
const isCookie = (bytes: Buffer): boolean =>
  bytes.length > IKE_HEADER_BYTES + 8 &&
  bytes[18] === IkeExchange.saInit &&
  bytes.readUInt16BE(IKE_HEADER_BYTES + 6) === NotifyType.COOKIE

const TCP_EVERY_MS = 20
const HONEST_EVERY = 50
const STALLED_MAX = 100
const CLIENT_HELLO_BEGINS = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)
const REQUEST = [
  'SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1',
  'Content-Length: 18446744073709551615',
  'Host: vpn.contoso.com',
  'SSTPCORRELATIONID: {4A0A1B2C-0000-4000-8000-000000000001}',
  '\r\n',
].join('\r\n')

/** On TCP 443: junk, TLS that begins and says no more, TLS with junk inside, and now and then somebody honest. */
class SstpGuests {
  readonly #port: number
  readonly #timer: NodeJS.Timeout
  readonly #rng = rngFrom('stranger/tcp')
  readonly #stalled: net.Socket[] = []
  #tcp = 0
  #asked = 0
  #answered = 0

  constructor(port: number) {
    this.#port = port
    this.#timer = setInterval(() => this.#come(), TCP_EVERY_MS)
  }

  #come(): void {
    this.#tcp++
    if (this.#tcp % HONEST_EVERY === 0) return this.#ask(REQUEST, true)
    switch (this.#tcp % 3) {
      case 0:
        return this.#ask(this.#rng.bytes(1 + this.#rng.below(300)), false)
      case 1: {
        const socket = this.#open()
        socket.end(this.#rng.bytes(1 + this.#rng.below(300)))
        return
      }
      default: {
        const socket = this.#open()
        socket.write(CLIENT_HELLO_BEGINS)
        this.#stalled.push(socket)
        // Those that wait longest are let go, so that there are always as many.
        if (this.#stalled.length > STALLED_MAX) this.#stalled.shift()!.destroy()
      }
    }
  }

  #open(): net.Socket {
    return net.connect(this.#port, HOST).on('error', () => {})
  }

  #ask(bytes: Uint8Array | string, isHonest: boolean): void {
    if (isHonest) this.#asked++
    const socket = tls.connect({ port: this.#port, host: HOST, rejectUnauthorized: false })
    socket.on('error', () => {})
    socket.once('secureConnect', () => socket.write(bytes))
    socket.once('data', (answer: Buffer) => {
      if (isHonest && answer.toString('latin1').startsWith('HTTP/1.1 200')) this.#answered++
      socket.destroy()
    })
    if (!isHonest) socket.setTimeout(1000, () => socket.destroy())
  }

  leave(): Guests {
    clearInterval(this.#timer)
    for (const socket of this.#stalled) socket.destroy()
    return { tcp: this.#tcp, asked: this.#asked, answered: this.#answered }
  }
}

// ── a relay ──

interface Way {
  /** Where the client sends to. */
  readonly front: dgram.Socket
  readonly backs: Map<number, dgram.Socket>
  /** The last port of the client. */
  client: number | undefined
}

class Relay {
  readonly #ways: Record<Port, Way>
  readonly #init: Uint8Array[] = []
  readonly #ike: Uint8Array[] = []
  readonly #esp: Uint8Array[] = []

  private constructor(ways: Record<Port, Way>) {
    this.#ways = ways
  }

  static async open(gateway: IkePair): Promise<Relay> {
    const way = async (): Promise<Way> => ({
      front: await open(HOST),
      backs: new Map(),
      client: undefined,
    })
    const relay = new Relay({ ike: await way(), natT: await way() })
    for (const port of ['ike', 'natT'] as const) relay.#carry(port, gateway[port])
    return relay
  }

  #carry(port: Port, gateway: number): void {
    const way = this.#ways[port]
    way.front.on('message', async (bytes, { port: client }) => {
      way.client = client
      this.#keep(port, bytes)
      let back = way.backs.get(client)
      if (back === undefined) {
        back = await open(HOST)
        way.backs.set(client, back)
        back.on('message', (answer) => {
          this.#keep(port, answer)
          way.front.send(answer, client, HOST)
        })
      }
      back.send(bytes, gateway, HOST)
    })
  }

  #keep(port: Port, bytes: Buffer): void {
    const isIke = port === 'ike' || bytes.readUInt32BE(0) === 0
    const message = Uint8Array.from(isIke && port === 'natT' ? bytes.subarray(4) : bytes)
    if (message.length < 16) return
    const kind = !isIke ? this.#esp : message[18] === IkeExchange.saInit ? this.#init : this.#ike
    if (kind.length < SAMPLES_KEPT) kind.push(message)
  }

  get ports(): IkePair {
    return { ike: this.#ways.ike.front.address().port, natT: this.#ways.natT.front.address().port }
  }

  /** `init`: requests alone, which is what a stranger can say. */
  get samples(): Samples {
    const requests = this.#init.filter((bytes) => bytes[19] === 0x08)
    return { init: requests.map(toHex), ike: this.#ike.map(toHex), esp: this.#esp.map(toHex) }
  }

  async flood(task: { readonly seconds: number; readonly perSecond: number }): Promise<Flooded> {
    const init = this.#init.map(toHex)
    const drawn = rubbish('relay', { ...this.samples, init }, false)
    const rng = rngFrom('relay/flood')
    let i = 0
    const flooded = await paced(task, (taken) => {
      const { port, bytes } = drawn[i++ % drawn.length]!
      const { front, client } = this.#ways[port]
      if (client === undefined) taken()
      else front.send(bytes[rng.below(DRAWN)]!, client, HOST, taken)
    })
    return { ...flooded, answers: 0, cookies: 0 }
  }
}

let relay: Relay | undefined

async function perform(task: LoadTask): Promise<IkePair | Samples | Flooded | Guests> {
  switch (task.kind) {
    case 'relay':
      relay = await Relay.open(task.gateway)
      return relay.ports
    case 'samples':
      return relay!.samples
    case 'flood-client':
      return relay!.flood(task)
    case 'flood-gateway':
      return floodGateway(task)
    case 'sstp': {
      const guests = new SstpGuests(task.port)
      await new Promise((resolve) => setTimeout(resolve, task.seconds * 1000))
      return guests.leave()
    }
  }
}

process.on('message', async (task: LoadTask) => process.send!(await perform(task)))
process.once('disconnect', () => process.exit())
