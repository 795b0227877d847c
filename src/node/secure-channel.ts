/**
 * The way to Netlogon: an SMB connection to a controller that is kept, and asked "are you there?" where a logon would travel.
 * Not Netlogon itself: its bytes are not modelled, its port is. Beside it, the connection that a Kerberos request needs.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import { concat } from '../base/bytes.ts'
import type { Duration, Instant } from '../base/time.ts'
import type { CloseReason, Host, TcpConnection } from '../net/sockets.ts'
import type { Timer } from '../net/world.ts'
import { cutSmb2, decodeSmb2, encodeSmb2, SMB_PORT } from '../wire/smb2.ts'
import { IDLE_MAX } from './controller-link.ts'

/** Undefined: the controller answered. Else why it cannot be reached, in words. */
export type Reached = (why: string | undefined) => void

interface Open {
  readonly address: Ipv4
  readonly tcp: TcpConnection
  readonly asked: Map<number, Reached>
  nextId: number
  lastUsed: Instant
}

export class SecureChannel {
  readonly #host: Host
  readonly #timeout: Duration
  readonly #guid: Uint8Array
  #open: Open | undefined

  constructor(host: Host, timeout: Duration) {
    this.#host = host
    this.#timeout = timeout
    this.#guid = host.rng.fork('SMB').bytes(16)
  }

  /** One round trip to the controller over the connection, which is opened where there is none. `done` is called once. */
  prove(address: Ipv4, done: Reached): void {
    const { now } = this.#host
    const isUsable =
      this.#open !== undefined &&
      this.#open.address === address &&
      now - this.#open.lastUsed <= IDLE_MAX
    if (!isUsable) this.close()
    const open = this.#open ?? this.#connect(address)
    const isFresh = !isUsable
    this.#ask(open, (why, isLost) => {
      // It may have been reset while nobody used it; a fresh one tells.
      if (why !== undefined && isLost && !isFresh) this.#ask(this.#connect(address), done)
      else done(why)
    })
  }

  close(): void {
    this.#open?.tcp.close()
    this.#open = undefined
  }

  #connect(address: Ipv4): Open {
    let waiting: Uint8Array = new Uint8Array()
    const tcp = this.#host.tcp.connect(
      { address, port: SMB_PORT },
      {
        onData: (bytes) => {
          waiting = waiting.length === 0 ? bytes : concat(waiting, bytes)
          for (;;) {
            const cut = cutSmb2(waiting)
            if (cut === undefined) return
            const heard = cut === 'malformed' ? undefined : decodeSmb2(cut.message)
            if (cut === 'malformed' || heard?.ok !== true || !heard.value.isResponse) {
              return this.#drop(open, 'the controller sent what cannot be read')
            }
            waiting = waiting.subarray(cut.length)
            const asked = open.asked.get(heard.value.messageId)
            open.asked.delete(heard.value.messageId)
            asked?.(undefined)
          }
        },
        onEnd: () => this.#drop(open, 'the controller closed the connection'),
        onClosed: (reason) => this.#drop(open, inWords(reason)),
      },
    )
    const open: Open = { address, tcp, asked: new Map(), nextId: 0, lastUsed: this.#host.now }
    this.#open = open
    return open
  }

  #ask(open: Open, done: (why: string | undefined, isLost: boolean) => void): void {
    const messageId = open.nextId
    open.nextId += 1
    open.lastUsed = this.#host.now
    let isSilent = false
    const timer = this.#host.after(this.#timeout, () => {
      isSilent = true
      this.#drop(open, 'no answer in time')
    })
    open.asked.set(messageId, (why) => {
      timer.cancel()
      done(why && `${formatIpv4(open.address)}:${SMB_PORT}: ${why}`, !isSilent)
    })
    const command = messageId === 0 ? 'negotiate' : 'echo'
    open.tcp.send(encodeSmb2({ command, isResponse: false, messageId }, this.#guid))
  }

  #drop(open: Open, why: string): void {
    if (this.#open === open) this.#open = undefined
    const asked = [...open.asked.values()]
    open.asked.clear()
    open.tcp.abort()
    for (const each of asked) each(why)
  }
}

const inWords = (reason: CloseReason): string => `the connection was ${reason}`

/** Whether a TCP port of a controller can be reached: a connection is opened and closed again. `done` is called once. */
export function reachPort(
  host: Host,
  {
    address,
    port,
    timeout,
  }: { readonly address: Ipv4; readonly port: number; readonly timeout: Duration },
  done: Reached,
): void {
  let isOver = false
  let timer: Timer | undefined
  const finish = (why: string | undefined): void => {
    if (isOver) return
    isOver = true
    timer?.cancel()
    done(why && `${formatIpv4(address)}:${port}: ${why}`)
  }
  const tcp = host.tcp.connect(
    { address, port },
    {
      onConnected: () => {
        tcp.close()
        finish(undefined)
      },
      onClosed: (reason) => finish(inWords(reason)),
    },
  )
  timer = host.after(timeout, () => {
    if (isOver) return
    tcp.abort()
    finish('no answer in time')
  })
}
