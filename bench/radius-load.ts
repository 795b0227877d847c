/**
 * A RADIUS client in a process of its own: `load` keeps PAP requests on their way, `ask` sends one after another again and again as RADIUS
 * clients do, `flood` sends garbage of every kind. Works alike on any server.
 */
import dgram from 'node:dgram'
import { utf8 } from '../src/base/bytes.ts'
import { rngFrom, type Rng } from '../src/base/rng.ts'
import { hideUserPassword } from '../src/crypto/radius-hiding.ts'
import { signRequest } from '../src/crypto/radius.ts'
import { attribute, eapMessage } from '../src/wire/radius/attributes.ts'
import { RadiusCode, type RadiusAttribute } from '../src/wire/radius/packet.ts'

const SERVER = '127.0.0.1'
/** As RADIUS clients do, with less patience. */
const TRIES = 3
const TRY_MS = 1000
/** Identifiers of one port; with fewer on their way none is in use twice. */
const IDENTIFIERS = 256
const ACCEPT = 2

interface Client {
  readonly port: number
  /** Address that requests come from. */
  readonly from: string
  readonly secret: string
  readonly user: string
  readonly password: string
}

export type LoadTask = Client &
  (
    | { readonly kind: 'load'; readonly count: number; readonly inFlight: number }
    | { readonly kind: 'ask'; readonly seconds: number }
    | {
        readonly kind: 'flood'
        readonly seconds: number
        readonly perSecond: number
        /** An address that the server does not know. */
        readonly stranger: string
      }
  )

export interface LoadSaid {
  readonly seconds: number
  /** Of `load` and `ask`: requests that were let in; the others were refused. */
  readonly accepted: number
  /** Of `ask`: how often each request was sent; 0: never answered. */
  readonly tries: readonly number[]
  /** Datagrams of `flood`. */
  readonly sent: number
}

const NOTHING: LoadSaid = { seconds: 0, accepted: 0, tries: [], sent: 0 }

async function open(address: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket({
    type: 'udp4',
    lookup: (host, _options, done) => done(null, host, 4),
  })
  // Without a look-up it is bound before `bind` returns.
  await new Promise<void>((ready) => socket.bind(0, address, ready))
  return socket
}

function request(
  rng: Rng,
  secret: string,
  {
    identifier,
    user,
    more,
  }: { identifier: number; user: string; more: readonly RadiusAttribute[] },
  messageAuthenticator = false,
  authenticator = rng.bytes(16),
): Uint8Array {
  const attributes = [
    attribute('User-Name', user),
    attribute('NAS-Identifier', 'GATEWAY'),
    attribute('NAS-Port', identifier),
    attribute('NAS-Port-Type', 5),
    ...more,
  ]
  const signed = signRequest(
    { code: RadiusCode.accessRequest, identifier, authenticator, attributes },
    secret,
    { messageAuthenticator },
  )
  if (!signed.ok) throw new Error('a request is too long')
  return signed.value
}

function papRequest(rng: Rng, client: Client, identifier: number): Uint8Array {
  const authenticator = rng.bytes(16)
  const hidden = hideUserPassword(utf8(client.password), client.secret, authenticator)!
  const more = [attribute('User-Password', hidden)]
  return request(rng, client.secret, { identifier, user: client.user, more }, true, authenticator)
}

/** Every request is another, and made before the clock starts. */
async function load(task: Extract<LoadTask, { kind: 'load' }>): Promise<LoadSaid> {
  const { count, inFlight, port } = task
  const rng = rngFrom('load')
  const socket = await open(task.from)
  const left = Array.from({ length: count }, (_, i) => papRequest(rng, task, i % IDENTIFIERS))
  const waiting = new Map<number, { readonly bytes: Uint8Array; at: number }>()
  let accepted = 0
  const send = (): void => {
    const bytes = left.at(-1)
    // An answer that is late holds its identifier, and so holds up those behind it.
    if (bytes === undefined || waiting.has(bytes[1]!)) return
    left.pop()
    waiting.set(bytes[1]!, { bytes, at: performance.now() })
    socket.send(bytes, port, SERVER)
  }
  const begin = performance.now()
  await new Promise<void>((resolve) => {
    const again = setInterval(() => {
      for (const each of waiting.values()) {
        if (performance.now() - each.at < TRY_MS) continue
        each.at = performance.now()
        socket.send(each.bytes, port, SERVER)
      }
    }, 100)
    socket.on('message', (answer) => {
      if (!waiting.delete(answer[1]!)) return
      if (answer[0] === ACCEPT) accepted++
      for (let i = waiting.size; i < inFlight; i++) send()
      if (waiting.size > 0) return
      clearInterval(again)
      resolve()
    })
    for (let i = 0; i < inFlight; i++) send()
  })
  const seconds = (performance.now() - begin) / 1e3
  socket.close()
  return { ...NOTHING, seconds, accepted }
}

async function ask(task: Extract<LoadTask, { kind: 'ask' }>): Promise<LoadSaid> {
  const rng = rngFrom('ask')
  const socket = await open(task.from)
  const tries: number[] = []
  let accepted = 0
  const begin = performance.now()
  for (let i = 0; performance.now() - begin < task.seconds * 1e3; i++) {
    const identifier = i % IDENTIFIERS
    const bytes = papRequest(rng, task, identifier)
    let tried = 0
    let code: number | undefined
    while (code === undefined && tried < TRIES) {
      tried++
      socket.send(bytes, task.port, SERVER)
      code = await answerTo(socket, identifier)
    }
    if (code === ACCEPT) accepted++
    tries.push(code === undefined ? 0 : tried)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  socket.close()
  return { ...NOTHING, seconds: (performance.now() - begin) / 1e3, accepted, tries }
}

function answerTo(socket: dgram.Socket, identifier: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const end = (code: number | undefined): void => {
      clearTimeout(timer)
      socket.off('message', hear)
      resolve(code)
    }
    const hear = (answer: Buffer): void => {
      if (answer[1] === identifier) end(answer[0])
    }
    const timer = setTimeout(() => end(undefined), TRY_MS)
    socket.on('message', hear)
  })
}

// ── garbage ──

const PORTS = 1000
const SAMPLES = 512
/** Sent and not yet taken by the machine. */
const WAITING_MAX = 5000

type Flood = Extract<LoadTask, { kind: 'flood' }>
type Samples = readonly Uint8Array[]

const samples = (make: (i: number) => Uint8Array): Samples =>
  Array.from({ length: SAMPLES }, (_, i) => make(i))

/** In ten datagrams: three of chance, two cut short, two good ones from nobody, two with another secret, and one that begins EAP. */
function garbage(task: Flood): readonly { readonly from: string; readonly bytes: Samples }[] {
  const rng = rngFrom('flood')
  const good = (i: number) => papRequest(rng, task, i % IDENTIFIERS)
  const random = { from: task.from, bytes: samples(() => rng.bytes(1 + rng.below(200))) }
  const cut = { from: task.from, bytes: samples((i) => good(i).slice(0, 1 + rng.below(60))) }
  const strange = { from: task.stranger, bytes: samples(good) }
  const forger = { ...task, secret: `${task.secret}?` }
  const forged = {
    from: task.from,
    bytes: samples((i) => papRequest(rng, forger, i % IDENTIFIERS)),
  }
  const { user, secret } = task
  const identity = (id: number) => Uint8Array.of(2, id, 0, 5 + user.length, 1, ...utf8(user))
  const eap = {
    from: task.from,
    bytes: samples((i) => {
      const identifier = i % IDENTIFIERS
      return request(
        rng,
        secret,
        { identifier, user, more: eapMessage(identity(identifier)) },
        true,
      )
    }),
  }
  return [random, random, random, cut, cut, strange, strange, forged, forged, eap]
}

async function flood(task: Flood): Promise<LoadSaid> {
  const { seconds, perSecond, port } = task
  const kinds = garbage(task)
  const sockets = { own: [] as dgram.Socket[], strange: [] as dgram.Socket[] }
  for (let i = 0; i < PORTS; i++) sockets.own.push(await open(task.from))
  for (let i = 0; i < PORTS / 5; i++) sockets.strange.push(await open(task.stranger))
  const begin = performance.now()
  const elapsed = (): number => (performance.now() - begin) / 1e3
  let sent = 0
  let waiting = 0
  while (elapsed() < seconds) {
    const due = Math.min(seconds, elapsed()) * perSecond
    for (; sent < due && waiting < WAITING_MAX; sent++) {
      const { from, bytes } = kinds[sent % kinds.length]!
      const group = from === task.from ? sockets.own : sockets.strange
      const round = Math.floor(sent / kinds.length)
      waiting++
      // Another port each time, so that no datagram is a repetition.
      group[(sent * 7) % group.length]!.send(bytes[round % SAMPLES]!, port, SERVER, () => waiting--)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  for (const socket of [...sockets.own, ...sockets.strange]) socket.close()
  return { ...NOTHING, seconds: elapsed(), sent }
}

process.once('message', async (task: LoadTask) => {
  const said =
    task.kind === 'load'
      ? await load(task)
      : task.kind === 'ask'
        ? await ask(task)
        : await flood(task)
  process.send!(said)
  process.disconnect()
})
