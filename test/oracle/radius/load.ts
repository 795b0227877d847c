/**
 * A thousand requests of radclient in flight at once with the twin's NPS: each must be answered, and none twice.
 * Not how it decides, beside what the numbers of each answer say: `cases.ts` has that. A relay in between counts every datagram.
 */
import { createSocket, type Socket } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Rng } from '../../../src/base/rng.ts'
import { RadiusCode } from '../../../src/wire/radius/packet.ts'
import { runProgram } from './clients.ts'
import { SERVER, type RadiusServer } from './freeradius.ts'
import { plain, type PlainMethod } from './password-cases.ts'
import { CLIENTS, onLoopback, type Secrets } from './topology.ts'

/** Of each kind. One socket has 256 identifiers, and Linux' own buffer of a socket holds so many answers, whenever radclient reads them. */
const EACH = 200
/** Longer than any machine takes: what is lost stays lost. */
const PATIENCE_SECONDS = 60
/** The most that is sent before the twin, in the same process, can read. */
const BATCH = 16
/** Linux gives less without an error; twice its default is enough. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024

interface Kind {
  readonly request: 'auth' | 'acct' | 'status'
  readonly packets: readonly (readonly string[])[]
  /** How many answers of each code are due. */
  readonly due: ReadonlyMap<number, number>
}

export interface LoadCounts {
  readonly requests: number
  readonly answered: number
  readonly lost: number
  readonly twice: number
  /** One line for each kind whose answers were not those that were due. */
  readonly wrong: readonly string[]
}

/** Run it against a server whose policy allows passwords. */
export async function runLoad(
  server: RadiusServer,
  { passwords, secret }: Secrets,
  rng: Rng,
): Promise<LoadCounts> {
  const all = kinds(passwords.bob, rng)
  const gate = new Gate(all.length * EACH)
  const relays = await Promise.all(
    all.map(({ request }) =>
      openRelay(request === 'acct' ? server.accountingPort : server.port, gate),
    ),
  )
  try {
    const printed = await Promise.all(
      all.map((kind, i) => radclient(kind, { port: relays[i]!.port, secret })),
    )
    const wrong = all.flatMap(({ request, due }, i) => complaints(request, due, relays[i]!.answers))
    const refused = printed.filter((log) => !/Lost\s*:\s*0\b/.test(log))
    const answers = relays.flatMap((relay) => [...relay.answers.values()])
    return {
      requests: relays.reduce((sum, relay) => sum + relay.requests.size, 0),
      answered: answers.length,
      lost: relays.reduce((sum, relay) => sum + relay.requests.size - relay.answers.size, 0),
      twice: answers.filter((codes) => codes.length > 1).length,
      wrong: [...wrong, ...refused.map((log) => `radclient: ${log.slice(-300)}`)],
    }
  } finally {
    await Promise.all(relays.map((relay) => relay.close()))
  }
}

function kinds(right: string, rng: Rng): readonly Kind[] {
  const auth = (of: readonly PlainMethod[]): Kind => {
    const packets = Array.from({ length: EACH }, (_, i) => {
      const password = i % 5 === 0 ? `${right}?` : right
      return plain(of[i % of.length]!, { user: 'bob', password }, rng).attributes
    })
    const due = new Map([
      [RadiusCode.accessReject, EACH / 5],
      [RadiusCode.accessAccept, (EACH * 4) / 5],
    ])
    return { request: 'auth', packets, due }
  }
  const session = rng.below(1e9)
  return [
    auth(['PAP']),
    auth(['CHAP', 'MS-CHAPv2', 'MS-CHAP']),
    auth(['MS-CHAPv2', 'PAP']),
    {
      request: 'acct',
      packets: Array.from({ length: EACH }, (_, i) => [
        'User-Name = "bob"',
        `Acct-Session-Id = "${session + i}"`,
        `Acct-Status-Type = ${['Start', 'Interim-Update', 'Stop'][i % 3]}`,
      ]),
      due: new Map([[RadiusCode.accountingResponse, EACH]]),
    },
    {
      request: 'status',
      packets: Array.from({ length: EACH }, () => ['Message-Authenticator = 0x00']),
      due: new Map([[RadiusCode.accessAccept, EACH]]),
    },
  ]
}

async function radclient(
  { request, packets }: Kind,
  { port, secret }: { readonly port: number; readonly secret: string },
): Promise<string> {
  const { log } = await runProgram(
    'radclient',
    ['-s', '-r1', `-t${PATIENCE_SECONDS}`, `-p${EACH}`, `${SERVER}:${port}`, request, secret],
    packets.map((lines) => `${lines.join('\n')}\n`).join('\n'),
  )
  return log
}

function complaints(
  request: string,
  due: ReadonlyMap<number, number>,
  answers: ReadonlyMap<string, readonly number[]>,
): readonly string[] {
  const codes = [...answers.values()].flat()
  return [...new Set([...due.keys(), ...codes])].flatMap((code) => {
    const got = codes.filter((each) => each === code).length
    const wanted = due.get(code) ?? 0
    return got === wanted ? [] : [`${request}: ${got} answers of code ${code} instead of ${wanted}`]
  })
}

/** Lets answers through once every request is on its way: until then all of them are in flight. */
class Gate {
  readonly #waiting: (() => void)[] = []
  #missing: number

  constructor(requests: number) {
    this.#missing = requests
  }

  /** One more request came by. */
  count(): void {
    this.#missing--
    if (this.#missing === 0) void this.#open()
  }

  pass(answer: () => void): void {
    if (this.#missing > 0) this.#waiting.push(answer)
    else answer()
  }

  async #open(): Promise<void> {
    for (const [i, answer] of this.#waiting.entries()) {
      answer()
      if (i % BATCH === BATCH - 1) await nextTurn()
    }
  }
}

interface Relay {
  readonly port: number
  /** By port of the client and identifier. */
  readonly requests: ReadonlySet<string>
  /** Codes of the answers of each. */
  readonly answers: ReadonlyMap<string, readonly number[]>
  close(): Promise<void>
}

/** A port in front of a server's, which is asked from the address of the gateway. */
async function openRelay(serverPort: number, gate: Gate): Promise<Relay> {
  const front = await bound(SERVER)
  const behind = new Map<number, Promise<Socket>>()
  const requests = new Set<string>()
  const answers = new Map<string, number[]>()
  const socketFor = async (clientPort: number): Promise<Socket> => {
    const socket = await bound(onLoopback(CLIENTS.gateway))
    socket.on('message', (bytes) => {
      const key = `${clientPort} ${bytes[1]}`
      answers.set(key, [...(answers.get(key) ?? []), bytes[0]!])
      gate.pass(() => front.send(bytes, clientPort, SERVER))
    })
    return socket
  }
  let turn = Promise.resolve()
  let sent = 0
  const forward = async (bytes: Buffer, clientPort: number): Promise<void> => {
    const socket = await behind.get(clientPort)!
    socket.send(bytes, serverPort, SERVER)
    sent++
    if (sent % BATCH === 0) await nextTurn()
  }
  front.on('message', (bytes, { port }) => {
    const key = `${port} ${bytes[1]}`
    // radclient was told not to repeat itself.
    if (requests.has(key)) throw new Error('radclient sent a request twice')
    requests.add(key)
    if (!behind.has(port)) behind.set(port, socketFor(port))
    turn = turn.then(() => forward(bytes, port))
    gate.count()
  })
  return {
    port: front.address().port,
    requests,
    answers,
    close: async () => {
      const sockets = await Promise.all(behind.values())
      await Promise.all(
        [front, ...sockets].map((socket) => new Promise<void>((gone) => socket.close(gone))),
      )
    },
  }
}

function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, address, () => {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
      resolve(socket)
    })
  })
}
