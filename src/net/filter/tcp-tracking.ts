/**
 * The state of one TCP connection as a firewall in the middle sees it: Linux's state table and its window check.
 * Not a TCP: nothing is sent or acknowledged. After van Rooij, "Real Stateful TCP Packet Filtering" (2000), with the rules that
 * Linux 6 adds: loose pickup, challenge ACKs (RFC 5961), simultaneous open, reopening from TIME-WAIT (RFC 1122 §4.2.2.13).
 */
import {
  ACK,
  highestSack,
  K_ACK,
  K_FIN,
  K_NONE,
  K_RST,
  K_SYN,
  K_SYNACK,
  readSynOptions,
  RST,
  SYN,
  type Segment,
} from './tcp-segment.ts'

export const NONE = 0
export const SYN_SENT = 1
export const SYN_RECEIVED = 2
export const ESTABLISHED = 3
export const FIN_WAIT = 4
export const CLOSE_WAIT = 5
export const LAST_ACK = 6
export const TIME_WAIT = 7
export const CLOSE = 8
/** A SYN came from each side. */
export const SYN_SENT_BOTH = 9
const INVALID = 10
const IGNORE = 11

export const TCP_STATE_NAMES = [
  'none',
  'syn-sent',
  'syn-received',
  'established',
  'fin-wait',
  'close-wait',
  'last-ack',
  'time-wait',
  'close',
  'syn-sent-both',
] as const

/** Next state by direction, kind of segment and present state; two letters a state, in the order of the constants above. */
const TABLE = [
  [
    'SS SS ig ig ig ig ig SS SS S2', // SYN
    '-- -- SR -- -- -- -- -- -- SR', // SYN and ACK
    '-- -- FW FW LA LA LA TW CL --', // FIN
    'ES -- ES ES CW CW TW TW CL --', // ACK
    '-- CL CL CL CL CL CL CL CL CL', // RST
    '-- -- -- -- -- -- -- -- -- --', // none of them
  ],
  [
    '-- S2 -- -- -- -- -- SS -- S2',
    '-- SR ig ig ig ig ig ig ig SR',
    '-- -- FW FW LA LA LA TW CL --',
    '-- ig SR ES CW CW TW TW CL ig',
    '-- CL CL CL CL CL CL CL CL CL',
    '-- -- -- -- -- -- -- -- -- --',
  ],
].map((direction) =>
  direction.map((row) =>
    row
      .split(' ')
      .map((s) =>
        ['', 'SS', 'SR', 'ES', 'FW', 'CW', 'LA', 'TW', 'CL', 'S2', '--', 'ig'].indexOf(s),
      ),
  ),
)

const PEER_WINDOW_SCALE = 0x01
const PEER_SACK_PERMITTED = 0x02
const PEER_CLOSED_FIRST = 0x04
const PEER_LIBERAL = 0x08
const PEER_UNACKNOWLEDGED = 0x10
const PEER_MAX_ACK_SET = 0x20
const EXPECT_CHALLENGE_ACK = 0x40
const SIMULTANEOUS_OPEN = 0x80

/** An acknowledgment may lag behind by this many bytes at least. */
const ACK_WINDOW_MIN = 66_000
/** Acknowledgments repeated this often shorten the timeout (tcp_max_retrans). */
const RETRANSMISSIONS_MAX = 3

/** One side. Sequence numbers are kept as int32: only their differences mean anything. */
class Peer {
  end = 0
  maxEnd = 0
  maxWindow = 0
  maxAck = 0
  scale = 0
  flags = 0
}

export type Outcome =
  /** Belongs to the connection. */
  | 'accept'
  /** As accept; but the entry lives no longer for it. */
  | 'accept-quietly'
  | 'invalid'
  /** Invalid, and the second such farewell: both ends have closed, though never in window. */
  | 'invalid-farewell'
  /** A closed connection is opened again: forget this entry and look at the segment afresh. */
  | 'reopen'
  /** Refused before there was an answer: the entry goes at once, the segment passes. */
  | 'forget'

/** What the entry around the connection knows and keeps. */
export interface Standing {
  seenReply: boolean
  assured: boolean
}

const before = (a: number, b: number): boolean => ((a - b) | 0) < 0
const notAfter = (a: number, b: number): boolean => ((b - a) | 0) >= 0

/** Take over what a SYN offers. A SYN without any options leaves what was known. */
function learnOptions(peer: Peer, s: Segment): void {
  const options = readSynOptions(s)
  if (options === undefined) return
  peer.scale = options.scale ?? 0
  peer.flags =
    (peer.flags & PEER_LIBERAL) |
    (options.scale === undefined ? 0 : PEER_WINDOW_SCALE) |
    (options.sackPermitted ? PEER_SACK_PERMITTED : 0)
}

export class TcpConnection {
  state = NONE
  readonly #peers = [new Peer(), new Peer()] as const
  #lastKind = K_NONE
  #lastDirection = 0
  #lastSeq = 0
  #lastAck = 0
  #lastEnd = 0
  #lastWindow = 0
  #lastScale = 0
  #lastFlags = 0
  #repeats = 0

  /** Begin from the first segment seen, which {@link Segment.opens}. */
  constructor(s: Segment) {
    const origin = this.#peers[0]
    origin.end = s.end
    origin.maxWindow = Math.max(s.window, 1)
    if (s.kind === K_SYN) {
      origin.maxEnd = s.end
      learnOptions(origin, s)
      return
    }
    // The history is lost: assume SACK, and do not judge by windows whose scale nobody knows.
    origin.maxEnd = (s.end + origin.maxWindow) | 0
    origin.flags = PEER_SACK_PERMITTED | PEER_LIBERAL
    this.#peers[1].flags = origin.flags
  }

  /** Where the connection's first side has got to: int32. */
  get originEnd(): number {
    return this.#peers[0].end
  }

  get hasUnacknowledged(): boolean {
    return ((this.#peers[0].flags | this.#peers[1].flags) & PEER_UNACKNOWLEDGED) !== 0
  }

  get isRepeating(): boolean {
    return this.#repeats >= RETRANSMISSIONS_MAX
  }

  get hasZeroWindow(): boolean {
    return this.#lastWindow === 0
  }

  /** Take the next segment; `direction` 0 is that of the first one. */
  step(s: Segment, direction: 0 | 1, standing: Standing): Outcome {
    const old = this.state
    let next = TABLE[direction]![s.kind]![old]!
    let inWindow = false
    if (next === SYN_SENT && old >= TIME_WAIT) {
      if (this.#mayReopen(direction)) return 'reopen'
      next = IGNORE
    }
    if (next === INVALID) return 'invalid'
    if (next === IGNORE) {
      if (!this.#answersIgnoredSyn(s, direction)) return this.#ignore(s, direction, old)
      next = SYN_RECEIVED
    } else if (next === TIME_WAIT && this.#isChallengeAck(s, direction, old)) {
      return 'accept-quietly'
    } else if (next === SYN_SENT_BOTH) {
      this.#lastFlags |= SIMULTANEOUS_OPEN
    } else if (next === SYN_RECEIVED) {
      if (direction === 1 && s.kind === K_ACK && this.#lastFlags & SIMULTANEOUS_OPEN)
        next = ESTABLISHED
    } else if (next === CLOSE && s.kind === K_RST) {
      const verdict = this.#judgeReset(s, direction, standing)
      if (verdict === 'invalid') return 'invalid'
      if (verdict === 'challenge') next = old
      inWindow =
        verdict === 'skip-window' || this.#resetSkipsWindow(s, direction, verdict, standing)
    }
    if (!inWindow) {
      const fit = this.#checkWindow(s, direction)
      if (fit === 'ignore') return 'accept-quietly'
      if (fit === 'invalid') return this.#refuse(s, direction, standing)
    }
    return this.#advance(s, direction, next, standing)
  }

  /** The firewall answered for the peer with a RST: the connection is over. */
  close(): void {
    this.state = CLOSE
  }

  #advance(s: Segment, direction: 0 | 1, next: number, standing: Standing): Outcome {
    const old = this.state
    this.#lastKind = s.kind
    this.#lastDirection = direction
    this.state = next
    if (old !== next && next === FIN_WAIT) this.#peers[direction].flags |= PEER_CLOSED_FIRST
    if (!standing.seenReply) {
      if (s.isReset) return 'forget'
      if (s.kind === K_SYN && old === SYN_SENT) return 'accept-quietly'
    } else if (
      !standing.assured &&
      (old === SYN_RECEIVED || old === ESTABLISHED) &&
      next === ESTABLISHED
    ) {
      standing.assured = true
    }
    return 'accept'
  }

  #mayReopen(direction: number): boolean {
    return (
      ((this.#peers[0].flags | this.#peers[1].flags) & PEER_CLOSED_FIRST) !== 0 ||
      (this.#lastDirection === direction && this.#lastKind === K_RST)
    )
  }

  /** A SYN+ACK that acknowledges a SYN which looked wrong: both ends are in step, so get in step with them. */
  #answersIgnoredSyn(s: Segment, direction: 0 | 1): boolean {
    const answers =
      s.kind === K_SYNACK &&
      this.#lastKind === K_SYN &&
      this.#lastDirection !== direction &&
      s.ack === this.#lastEnd
    if (!answers) return false
    const opener = this.#peers[direction === 0 ? 1 : 0]
    opener.end = this.#lastEnd
    opener.maxEnd = this.#lastEnd
    opener.maxWindow = Math.max(this.#lastWindow, 1)
    opener.scale = this.#lastScale
    this.#lastFlags &= ~EXPECT_CHALLENGE_ACK
    opener.flags = this.#lastFlags
    const answerer = this.#peers[direction]
    answerer.end = 0
    answerer.maxEnd = 0
    answerer.maxWindow = 0
    answerer.maxAck = 0
    answerer.scale = 0
    answerer.flags &= PEER_LIBERAL
    return true
  }

  /** Let a segment pass that may mean that the ends know better than we do, and remember it. */
  #ignore(s: Segment, direction: 0 | 1, old: number): Outcome {
    this.#lastKind = s.kind
    this.#lastDirection = direction
    this.#lastSeq = s.seq
    this.#lastEnd = s.end
    this.#lastWindow = s.window
    if (s.kind === K_SYN && direction === 0) {
      const seen = new Peer()
      learnOptions(seen, s)
      this.#lastFlags = seen.flags
      this.#lastScale = seen.scale
      if (old === LAST_ACK) this.#lastFlags |= EXPECT_CHALLENGE_ACK
    }
    if (old === SYN_SENT && s.kind === K_ACK && direction === 1) this.#lastAck = s.ack
    return 'accept-quietly'
  }

  #isChallengeAck(s: Segment, direction: number, old: number): boolean {
    const challenged =
      old === LAST_ACK &&
      s.kind === K_ACK &&
      this.#lastDirection !== direction &&
      this.#lastKind === K_SYN &&
      (this.#lastFlags & EXPECT_CHALLENGE_ACK) !== 0
    if (challenged) this.#lastFlags &= ~EXPECT_CHALLENGE_ACK
    return challenged
  }

  #judgeReset(
    s: Segment,
    direction: 0 | 1,
    standing: Standing,
  ): 'invalid' | 'challenge' | 'skip-window' | 'window' | 'unknown' {
    if (this.state >= FIN_WAIT && this.state <= CLOSE) return 'skip-window'
    const receiver = this.#peers[direction === 0 ? 1 : 0]
    if ((receiver.flags & PEER_MAX_ACK_SET) === 0 || this.#lastKind === K_SYN) return 'unknown'
    const established = this.state === ESTABLISHED && standing.assured
    if (s.seq === 0 && !established) return 'window'
    if (before(s.seq, receiver.maxAck)) return 'invalid'
    if (!established || s.seq === receiver.maxAck) return 'window'
    // The RST may follow data of its own sender that has not been acknowledged yet.
    const inTrain =
      this.#lastKind === K_ACK && this.#lastDirection === direction && s.seq === this.#lastEnd
    return inTrain ? 'window' : 'challenge'
  }

  /** A RST that answers something which we let through although it looked wrong: no window can judge it. */
  #resetSkipsWindow(s: Segment, direction: number, verdict: string, standing: Standing): boolean {
    if (verdict === 'window') return false
    const answersSyn =
      standing.seenReply && this.#lastKind === K_SYN && this.#lastDirection !== direction
    const answersAck = !standing.assured && this.#lastKind === K_ACK
    const answersIgnored = (answersSyn || answersAck) && s.ack === this.#lastEnd
    const answersChallenge =
      this.state === SYN_SENT &&
      this.#lastKind === K_ACK &&
      this.#lastDirection === 1 &&
      s.seq === this.#lastAck
    return answersIgnored || answersChallenge
  }

  #refuse(s: Segment, direction: number, standing: Standing): Outcome {
    if (!standing.assured || (s.kind !== K_RST && s.kind !== K_FIN)) return 'invalid'
    const answered =
      this.#lastDirection !== direction && (this.#lastKind === K_FIN || this.#lastKind === K_RST)
    if (answered) return 'invalid-farewell'
    this.#lastKind = s.kind
    this.#lastDirection = direction
    return 'invalid'
  }

  #startPeer(s: Segment, sender: Peer, receiver: Peer, direction: number): void {
    sender.end = s.end
    sender.maxEnd = s.end
    sender.maxWindow = Math.max(s.window, 1)
    learnOptions(sender, s)
    // RFC 7323 §1.3: windows are scaled only when both sides said so.
    if (direction === 1 && (sender.flags & receiver.flags & PEER_WINDOW_SCALE) === 0) {
      sender.scale = 0
      receiver.scale = 0
    }
  }

  /** True when the segment is a simultaneous SYN, which no window can judge. */
  #meetSender(s: Segment, direction: 0 | 1, sack: number): boolean {
    const sender = this.#peers[direction]
    const receiver = this.#peers[direction === 0 ? 1 : 0]
    if (sender.maxWindow === 0) {
      if (s.flags & SYN) {
        this.#startPeer(s, sender, receiver, direction)
        return (s.flags & ACK) === 0
      }
      sender.end = s.end
      sender.maxWindow = Math.max((s.window << sender.scale) >>> 0, 1)
      sender.maxEnd = (s.end + sender.maxWindow) | 0
      if (receiver.maxWindow === 0) {
        receiver.end = sack
        receiver.maxEnd = sack
      } else if (sack === ((receiver.end + 1) | 0)) {
        receiver.end = sack
      }
      return false
    }
    const starting = this.state === SYN_SENT || this.state === SYN_RECEIVED
    if (s.flags & SYN && before(sender.end, s.end) && starting) {
      this.#startPeer(s, sender, receiver, direction)
      return direction === 1 && (s.flags & ACK) === 0
    }
    return false
  }

  #checkWindow(s: Segment, direction: 0 | 1): 'accept' | 'ignore' | 'invalid' {
    const sender = this.#peers[direction]
    const receiver = this.#peers[direction === 0 ? 1 : 0]
    let { seq, ack, end } = s
    let sack = receiver.flags & PEER_SACK_PERMITTED ? highestSack(s) : ack
    if (this.#meetSender(s, direction, sack)) return 'accept'
    if ((s.flags & ACK) === 0 || (s.flags & RST && ack === 0)) {
      ack = receiver.end
      sack = ack
    }
    // A RST that answers a SYN carries sequence number 0 (RFC 9293 §3.5.2).
    if (s.flags & RST && seq === 0 && this.state === SYN_SENT) {
      seq = sender.end
      end = seq
    }
    const liberal = (sender.flags & PEER_LIBERAL) !== 0
    const ackFloor = (receiver.end - Math.max(sender.maxWindow, ACK_WINDOW_MIN) - 1) | 0
    const endFloor = (sender.end - receiver.maxWindow - 1) | 0
    if (!notAfter(seq, sender.maxEnd)) {
      const overshot = (end - sender.maxEnd + 1) >>> 0
      const onlySeq =
        receiver.maxWindow !== 0 &&
        before(endFloor, end) &&
        before(ackFloor, sack) &&
        overshot <= receiver.maxWindow &&
        notAfter(sack, receiver.end)
      if (onlySeq) {
        sender.end = end
        sender.flags |= PEER_UNACKNOWLEDGED
      }
      if (liberal) return 'accept'
      return onlySeq ? 'ignore' : 'invalid'
    }
    if (!notAfter(sack, receiver.end)) return liberal ? 'accept' : 'invalid'
    if (receiver.maxWindow !== 0 && !before(endFloor, end)) return liberal ? 'accept' : 'ignore'
    if (!before(ackFloor, sack)) return liberal ? 'accept' : 'ignore'
    this.#learn(s, direction, ack, sack, end)
    return 'accept'
  }

  #learn(s: Segment, direction: 0 | 1, ack: number, sack: number, end: number): void {
    const sender = this.#peers[direction]
    const receiver = this.#peers[direction === 0 ? 1 : 0]
    const window = s.flags & SYN ? s.window : (s.window << sender.scale) >>> 0
    sender.maxWindow = Math.max(sender.maxWindow, (window + (sack - ack)) >>> 0)
    if (before(sender.end, end)) {
      sender.end = end
      sender.flags |= PEER_UNACKNOWLEDGED
    }
    if (s.flags & ACK) {
      if ((sender.flags & PEER_MAX_ACK_SET) === 0 || before(sender.maxAck, ack)) sender.maxAck = ack
      sender.flags |= PEER_MAX_ACK_SET
    }
    if (receiver.maxWindow !== 0 && before(sender.maxEnd, end))
      receiver.maxWindow = (receiver.maxWindow + ((end - sender.maxEnd) | 0)) >>> 0
    const allowed = (sack + window) | 0
    if (notAfter(receiver.maxEnd, allowed))
      receiver.maxEnd = window === 0 ? (allowed + 1) | 0 : allowed
    if (ack === receiver.end) receiver.flags &= ~PEER_UNACKNOWLEDGED
    if (s.kind !== K_ACK) return
    const repeated =
      this.#lastDirection === direction &&
      this.#lastSeq === s.seq &&
      this.#lastAck === ack &&
      this.#lastEnd === end &&
      this.#lastWindow === s.window
    this.#repeats = repeated ? this.#repeats + 1 : 0
    this.#lastDirection = direction
    this.#lastSeq = s.seq
    this.#lastAck = ack
    this.#lastEnd = end
    this.#lastWindow = s.window
  }
}
